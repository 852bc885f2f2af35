// Farewell: a connection whose peer has been told that it is over. It stays until the peer has closed its side, a
// second at most; only then is there one less there. On the thread of its loop, which keeps it alive.
#pragma once

#include <functional>
#include <memory>

#include "proxy/net/event_loop.hpp"
#include "proxy/net/stream.hpp"

namespace shardway::proxy::net {

class Farewell final : public EventHandler, public std::enable_shared_from_this<Farewell> {
 public:
  // `then` runs once, on the loop's thread, unless the loop ends before. The stream is registered nowhere.
  static void begin(EventLoop& loop, Stream stream, std::function<void()> then);

  Farewell(EventLoop& loop, Stream stream, std::function<void()> then);
  void on_events(std::uint32_t events) override;

 private:
  void end();

  EventLoop& loop_;
  Stream stream_;
  std::function<void()> then_;
  EventLoop::TimerId timer_ = 0;
};

}  // namespace shardway::proxy::net
