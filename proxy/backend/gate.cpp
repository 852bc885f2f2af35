#include "proxy/backend/gate.hpp"

namespace shardway::proxy::backend {

std::string Gate::reasons() const {
  std::string words;
  const auto add = [&](bool is_closed, const char* word) {
    if (is_closed) words += (words.empty() ? "" : ", ") + std::string(word);
  };
  add(is_closed_for(Reason::kNoPrimary), "no_primary");
  add(is_closed_for(Reason::kPaused) || is_closed_for(Reason::kNodePaused), "paused");
  add(is_closed_for(Reason::kSwitchover), "switchover");
  return words;
}

bool Gate::admit(std::uint64_t bytes, std::uint64_t most_clients, std::uint64_t most_bytes) noexcept {
  const bool is_too_many = clients_.fetch_add(1) >= most_clients;
  const bool is_too_much = bytes_.fetch_add(bytes) + bytes > most_bytes;
  if (is_too_many || is_too_much) leave(bytes);
  return !is_too_many && !is_too_much;
}

void Gate::leave(std::uint64_t bytes) noexcept {
  clients_.fetch_sub(1);
  bytes_.fetch_sub(bytes);
}

}  // namespace shardway::proxy::backend
