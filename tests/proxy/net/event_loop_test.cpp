// The event loop: timers in order, what may be cancelled, mail from other threads, and what becomes of it at the end.
#include "proxy/net/event_loop.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

namespace shardway::proxy::net {
namespace {

using std::chrono::milliseconds;

TEST(EventLoop, RunsTimersInTheOrderOfTheirTimes) {
  EventLoop loop;
  std::string order;
  loop.after(milliseconds(3), [&] { order += 'c'; });
  loop.after(milliseconds(1), [&] { order += 'a'; });
  loop.after(milliseconds(2), [&] { order += 'b'; });
  loop.after(milliseconds(4), [&] { loop.stop(); });
  loop.run();
  EXPECT_EQ(order, "abc");
}

TEST(EventLoop, ACancelledTimerDoesNotRun) {
  EventLoop loop;
  bool ran = false;
  const auto timer = loop.after(milliseconds(1), [&] { ran = true; });
  loop.cancel(timer);
  loop.cancel(timer);  // twice does no harm
  loop.cancel(0);
  loop.after(milliseconds(3), [&] { loop.stop(); });
  loop.run();
  EXPECT_FALSE(ran);
}

TEST(EventLoop, ATimerMayCancelAnotherOneOfTheSameMoment) {
  EventLoop loop;
  bool ran = false;
  EventLoop::TimerId second = 0;
  loop.after(milliseconds(1), [&] { loop.cancel(second); });
  second = loop.after(milliseconds(1), [&] { ran = true; });
  loop.after(milliseconds(3), [&] { loop.stop(); });
  loop.run();
  EXPECT_FALSE(ran);
}

TEST(EventLoop, MailFromOtherThreadsComesInOrderAndWakesTheLoop) {
  EventLoop loop;
  std::vector<int> seen;
  std::thread sender([&] {
    for (int i = 0; i < 1000; ++i) loop.post([&seen, i] { seen.push_back(i); });
    loop.post([&] { loop.stop(); });
  });
  loop.run();
  sender.join();
  ASSERT_EQ(seen.size(), 1000u);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(seen[static_cast<std::size_t>(i)], i);
}

TEST(EventLoop, WhatIsDeferredRunsAfterTheBatchAndBeforeTheGraveyardIsEmptied) {
  EventLoop loop;
  std::string order;
  loop.post([&] {
    loop.bury(std::shared_ptr<void>(nullptr, [&](void*) { order += 'g'; }));
    loop.defer([&] {
      order += 'd';
      loop.defer([&] { order += 'e'; });
    });
    order += 'b';
    loop.stop();
  });
  loop.run();
  EXPECT_EQ(order, "bdeg");
}

TEST(EventLoop, MailThatCameTooLateIsDroppedWithWhatItOwns) {
  bool ran = false;
  auto owned = std::make_shared<int>(1);
  {
    EventLoop loop;
    loop.stop();
    loop.run();
    loop.post([&ran, owned] { ran = true; });
    loop.defer([&ran, owned] { ran = true; });
    EXPECT_EQ(owned.use_count(), 3);
  }
  EXPECT_FALSE(ran);
  EXPECT_EQ(owned.use_count(), 1);
}

class Reader final : public EventHandler {
 public:
  Reader(EventLoop& loop, int fd) : loop_(loop), fd_(fd) { loop_.add(fd_, *this); }
  void on_events(std::uint32_t) override {
    char buffer[64];
    for (ssize_t got = ::recv(fd_, buffer, sizeof buffer, MSG_DONTWAIT); got >= 0;
         got = ::recv(fd_, buffer, sizeof buffer, MSG_DONTWAIT)) {
      if (got == 0) {
        loop_.remove(fd_);
        return loop_.stop();
      }
      text.append(buffer, static_cast<std::size_t>(got));
    }
  }
  std::string text;

 private:
  EventLoop& loop_;
  int fd_;
};

TEST(EventLoop, SocketsAreServedUntilTheirEnd) {
  int pair[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  EventLoop loop;
  Reader reader(loop, pair[0]);
  std::thread writer([&] {
    for (int i = 0; i < 100; ++i) ASSERT_EQ(::write(pair[1], "word ", 5), 5);
    ::close(pair[1]);
  });
  loop.run();
  writer.join();
  ::close(pair[0]);
  EXPECT_EQ(reader.text.size(), 500u);
}

}  // namespace
}  // namespace shardway::proxy::net
