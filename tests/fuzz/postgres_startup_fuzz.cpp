// Bytes from a client that is not logged in, and its `options`. Checks that what was decoded encodes and decodes again.
#include <cstdint>
#include <cstdlib>

#include "protocol/postgres/startup.hpp"

using namespace shardway::protocol;
using namespace shardway::protocol::postgres;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes bytes(reinterpret_cast<const char*>(data), size);
  const auto announced = startup_size(bytes);
  const auto packet = decode_startup(bytes);
  if (packet && (!announced || *announced != size)) std::abort();
  if (const auto* message = packet ? std::get_if<StartupMessage>(&*packet) : nullptr) {
    std::string again;
    encode_startup(again, message->parameters);
    const auto decoded = decode_startup(again);
    if (!decoded || std::get<StartupMessage>(*decoded).parameters != message->parameters) std::abort();
    (void)split_options(message->parameter("options"));
  }
  const auto settings = split_options(bytes);
  if (!settings) return 0;
  for (const auto& [name, value] : *settings) {
    if (name.empty() || name.size() + value.size() > size) std::abort();
  }
  return 0;
}
