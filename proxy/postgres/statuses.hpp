// Statuses: ParameterStatus messages that wait for the next ReadyForQuery, the newest of each parameter; there a server
// tells what has changed. https://www.postgresql.org/docs/15/protocol-flow.html#PROTOCOL-ASYNC
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace shardway::proxy::postgres {

class Statuses {
 public:
  void put(std::string_view frame);      // a whole ParameterStatus; what no client is told is left out
  void put_all(const Statuses& others);  // newer ones
  bool empty() const noexcept { return frames_.empty(); }
  std::string take() { return std::exchange(frames_, {}); }

 private:
  std::string frames_;
};

// False of what is the server connection's own: whether its node is a standby, and as whom Shardway logged in.
bool is_for_client(std::string_view parameter) noexcept;

}  // namespace shardway::proxy::postgres
