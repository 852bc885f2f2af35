#include "proxy/transaction/fault_point.hpp"

#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <string>

namespace shardway::proxy::transaction {

namespace {

struct KillAt {
  std::string step;
  std::atomic<int> left{0};

  KillAt() {
    const char* asked = std::getenv("SHARDWAY_KILL_AT");
    if (asked == nullptr) return;
    step = asked;
    const auto colon = step.find(':');
    left = colon == std::string::npos ? 1 : std::atoi(step.c_str() + colon + 1);
    step.resize(std::min(colon, step.size()));
  }
};

}  // namespace

void at_step(std::string_view step) noexcept {
  static KillAt kill_at;
  if (kill_at.step.empty() || kill_at.step != step) return;
  if (kill_at.left.fetch_sub(1) == 1) ::kill(::getpid(), SIGKILL);
}

}  // namespace shardway::proxy::transaction
