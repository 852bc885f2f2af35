// Any bytes as a configuration: an answer, never a crash; a Config exactly if no error was found, and then a whole one.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "proxy/config/config.hpp"

namespace {

using namespace shardway::proxy::config;

void demand(bool holds) {
  if (!holds) std::abort();
}

void check_whole(const Config& config) {
  demand(!config.listen.empty() && !config.users.empty() && !config.databases.empty());
  for (const Database& database : config.databases) {
    const auto& topology = database.topology;
    demand(!topology.shards.empty() && topology.home < topology.shards.size());
    demand(topology.map.slots() == database.sharding.slots);
    for (std::uint32_t slot = 0; slot < topology.map.slots(); ++slot)
      demand(topology.map.owner(slot) < topology.shards.size());
    demand(topology.tables.all().size() == database.tables.size());
  }
  demand(!entries(config).empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Loaded loaded = load_text("fuzz", {reinterpret_cast<const char*>(data), size});
  bool failed = false;
  for (const Diagnostic& d : loaded.diagnostics) {
    demand(!format(d).empty() && d.line > 0);
    failed = failed || d.severity == Severity::kError;
  }
  demand(failed == (loaded.config == nullptr));
  if (loaded.config) check_whole(*loaded.config);
  return 0;
}
