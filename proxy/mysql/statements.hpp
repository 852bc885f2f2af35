// Statements: what clients have prepared, over all clients and threads: one number for each text and each state that
// gives it another meaning, by which server connections know what is prepared on them. A text is forgotten when nobody
// holds it any more. (The twin: postgres/prepared.hpp.)
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "proxy/mysql/state.hpp"

namespace shardway::proxy::mysql {

class Statements {
 public:
  struct Text {
    std::uint64_t id = 0;  // unique in the process
    std::string text;
    SharedState state;  // of the session that prepared it: names and strings mean what they meant there
  };

  // From any thread.
  std::shared_ptr<const Text> find_or_add(std::string_view text, const SharedState& state) {
    auto key = state->schema + '\0';
    for (const auto& [name, value] : state->variables) key.append(name).append("=").append(value) += '\0';
    key += text;
    const std::lock_guard lock(mutex_);
    auto& slot = known_[key];
    if (auto known = slot.lock()) return known;
    auto fresh = std::make_shared<Text>(Text{++last_id_, std::string(text), state});
    slot = fresh;
    if (known_.size() > sweep_at_) {
      std::erase_if(known_, [](const auto& entry) { return entry.second.expired(); });
      sweep_at_ = std::max<std::size_t>(1024, 2 * known_.size());
    }
    return fresh;
  }

  // The same once more under a number of its own: a client that has prepared a text twice may have two cursors.
  std::shared_ptr<const Text> add_another(const Text& text) {
    const std::lock_guard lock(mutex_);
    return std::make_shared<Text>(Text{++last_id_, text.text, text.state});
  }

 private:
  std::mutex mutex_;
  std::uint64_t last_id_ = 0;
  std::size_t sweep_at_ = 1024;
  std::unordered_map<std::string, std::weak_ptr<const Text>> known_;
};

}  // namespace shardway::proxy::mysql
