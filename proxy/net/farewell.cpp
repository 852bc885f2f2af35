#include "proxy/net/farewell.hpp"

namespace shardway::proxy::net {

namespace {

constexpr std::chrono::seconds kPatience{1};

}  // namespace

Farewell::Farewell(EventLoop& loop, Stream stream, std::function<void()> then)
    : loop_(loop), stream_(std::move(stream)), then_(std::move(then)) {}

void Farewell::begin(EventLoop& loop, Stream stream, std::function<void()> then) {
  const auto begun = std::make_shared<Farewell>(loop, std::move(stream), std::move(then));
  begun->timer_ = loop.at(Clock::now() + kPatience, [begun] {
    begun->timer_ = 0;
    begun->end();
  });
  loop.add(begun->stream_.fd(), *begun);
}

void Farewell::on_events(std::uint32_t events) {
  stream_.note_events(events);
  char last_words[512];
  for (;;) {
    const auto got = stream_.read(last_words, sizeof last_words);
    if (got.closed) return end();
    if (got.drained) return;
  }
}

void Farewell::end() {
  if (!stream_.is_open()) return;
  loop_.bury(shared_from_this());
  loop_.cancel(timer_);
  loop_.remove(stream_.fd());
  stream_.close();
  then_();
}

}  // namespace shardway::proxy::net
