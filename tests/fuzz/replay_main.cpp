// Replays a corpus through a fuzz target where libFuzzer is not linked in: every file of the files and folders given.
// An empty or missing corpus is an error: a replay of nothing proves nothing.
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

namespace fs = std::filesystem;

bool replay_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return false;
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  return true;
}

// How many inputs were replayed; none if the folder or file cannot be read.
std::size_t replay(const fs::path& path) {
  std::error_code error;
  if (fs::is_regular_file(path, error)) return replay_file(path) ? 1 : 0;
  std::size_t inputs = 0;
  for (const auto& entry : fs::directory_iterator(path, error)) {
    if (entry.is_regular_file(error) && replay_file(entry.path())) ++inputs;
  }
  return inputs;
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t inputs = 0;
  for (int i = 1; i < argc; ++i) {
    const auto replayed = replay(argv[i]);
    if (replayed == 0) {
      std::fprintf(stderr, "%s: no input to replay\n", argv[i]);
      return 1;
    }
    inputs += replayed;
  }
  std::printf("%zu inputs replayed\n", inputs);
  return inputs == 0 ? 1 : 0;
}
