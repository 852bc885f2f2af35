// Pools over several threads, with links that are only pretended: hand-over, the cap, the line, failures, PAUSE.
#include "proxy/backend/pool.hpp"

#include <gtest/gtest.h>

#include <future>
#include <thread>

namespace shardway::proxy::backend {
namespace {

using std::chrono::milliseconds;

struct FakeLink;
using FakePool = Pool<FakeLink>;

// Opens after a moment, or fails if the test says so.
struct FakeLink {
  explicit FakeLink(FakePool& of) : pool(&of) { alive.fetch_add(1); }
  ~FakeLink() { alive.fetch_sub(1); }
  FakeLink(const FakeLink&) = delete;
  FakeLink& operator=(const FakeLink&) = delete;

  void connect() {
    pool->loop().after(milliseconds(0), [this] {
      if (failing.load() > 0 && failing.fetch_sub(1) > 0) {
        pool->open_failed(*this, {refusing.load(), "08001", "no"});
      } else {
        pool->opened(*this);
      }
    });
  }
  void attach(FakePool& to) { pool = &to; }
  void detach() {}
  net::Stream take_leave() { return {}; }
  void rest(net::Time) {}
  bool reusable(net::Time) const { return !broken; }
  bool is_stale() const { return stale; }
  void begin_reset(const std::vector<std::string>& statements) {
    resets += static_cast<int>(statements.size());
    pool->loop().defer([this] { pool->reset_done(*this); });
  }

  FakePool* pool;
  bool broken = false;
  std::atomic<bool> stale{false};
  int resets = 0;
  static inline std::atomic<int> alive{0}, failing{0};
  static inline std::atomic<bool> refusing{false};
};

// One thread's loop and its pool. Everything on it happens through run().
struct Thread {
  Thread(std::shared_ptr<SharedPool<FakeLink>> shared, const Backend& backend, Node& node)
      : pool(loop, std::move(shared), backend, node, [](FakePool& of) { return std::make_unique<FakeLink>(of); }),
        thread([this] { loop.run(); }) {}
  ~Thread() { end(); }
  Thread(const Thread&) = delete;
  Thread& operator=(const Thread&) = delete;

  void end() {
    loop.stop();
    if (thread.joinable()) thread.join();
  }
  // On the thread, and waited for.
  template <class Action>
  void run(Action action) {
    std::promise<void> done;
    loop.post([&] {
      action();
      done.set_value();
    });
    done.get_future().wait();
  }

  net::EventLoop loop;
  FakePool pool;
  std::thread thread;
};

class Pools : public testing::Test {
 protected:
  void start(std::uint32_t limit, std::size_t count) {
    FakeLink::failing = 0;
    FakeLink::refusing = false;
    permits = std::make_shared<Permits<FakeLink>>();
    shared = std::make_shared<SharedPool<FakeLink>>(limit, 0, permits);
    for (std::size_t i = 0; i < count; ++i) threads.push_back(std::make_unique<Thread>(shared, backend, node));
  }
  // Threads with pools of the next configuration, which draw on the same permits.
  void reload(std::uint32_t limit, std::size_t count) {
    newer = std::make_shared<SharedPool<FakeLink>>(limit, 1, permits);
    for (auto& thread : threads) thread->run([&] { thread->pool.retire(); });
    for (std::size_t i = 0; i < count; ++i) fresh.push_back(std::make_unique<Thread>(newer, backend, node));
  }
  void TearDown() override {
    for (auto& thread : threads) thread->end();  // all of them before the first pool goes
    for (auto& thread : fresh) thread->end();
    threads.clear();
    fresh.clear();
    EXPECT_EQ(FakeLink::alive.load(), 0);
  }
  template <class Condition>
  static bool eventually(Condition condition) {
    const auto end = net::Clock::now() + std::chrono::seconds(20);
    while (!condition()) {
      if (net::Clock::now() > end) return false;
      std::this_thread::sleep_for(milliseconds(1));
    }
    return true;
  }
  // Waits in line on a thread; the link is kept in `held`.
  std::uint64_t wait(Thread& on, std::unique_ptr<FakeLink>& held, OpenFailure* failure = nullptr) {
    std::uint64_t ticket = 0;
    on.run([&] {
      ticket = on.pool.wait([this, &held, failure](std::unique_ptr<FakeLink> link, const OpenFailure& why) {
        if (failure != nullptr) *failure = why;
        held = std::move(link);
        answered.fetch_add(1);
      });
    });
    return ticket;
  }
  void give_back(Thread& on, std::unique_ptr<FakeLink>& held) {
    on.run([&] { on.pool.give_back(std::move(held)); });
  }

  Backend backend;
  Node node;
  std::shared_ptr<Permits<FakeLink>> permits;
  std::shared_ptr<SharedPool<FakeLink>> shared, newer;
  std::vector<std::unique_ptr<Thread>> threads, fresh;
  std::atomic<int> answered{0};
};

TEST_F(Pools, ALinkOfAnOlderEpochIsNobodys) {
  start(1, 1);
  std::unique_ptr<FakeLink> first, second;
  wait(*threads[0], first);
  ASSERT_TRUE(eventually([&] { return answered == 1; }));
  auto& link = *first;
  OpenFailure why;
  wait(*threads[0], second, &why);
  threads[0]->run([&] {
    threads[0]->pool.give_back(std::move(first));  // it is on its way to the second one
    link.stale = true;
  });
  ASSERT_TRUE(eventually([&] { return answered == 2; }));
  EXPECT_EQ(second, nullptr);
  EXPECT_EQ(why.message, "the shard has no usable primary");
}

TEST_F(Pools, AnIdleLinkIsLentWithoutWaiting) {
  start(2, 1);
  std::unique_ptr<FakeLink> held;
  threads[0]->run([&] { EXPECT_EQ(threads[0]->pool.take(), nullptr); });
  wait(*threads[0], held);
  ASSERT_TRUE(eventually([&] { return answered == 1; }));
  const auto* first = held.get();
  give_back(*threads[0], held);
  threads[0]->run([&] {
    held = threads[0]->pool.take();
    EXPECT_EQ(held.get(), first);
    EXPECT_EQ(threads[0]->pool.lent(), 1u);
  });
  give_back(*threads[0], held);
  EXPECT_EQ(shared->open(), 1u);
}

TEST_F(Pools, ALinkGoesToTheLongestWaiterWhicheverItsThread) {
  start(1, 3);
  std::unique_ptr<FakeLink> holder, second, third;
  wait(*threads[0], holder);
  ASSERT_TRUE(eventually([&] { return answered == 1; }));
  wait(*threads[1], second);
  wait(*threads[2], third);
  give_back(*threads[0], holder);
  ASSERT_TRUE(eventually([&] { return answered == 2; }));
  EXPECT_NE(second, nullptr);
  EXPECT_EQ(third, nullptr);
  EXPECT_EQ(second->pool, &threads[1]->pool) << "it belongs to the thread that has it";
  give_back(*threads[1], second);
  ASSERT_TRUE(eventually([&] { return answered == 3; }));
  EXPECT_NE(third, nullptr);
  give_back(*threads[2], third);
  EXPECT_EQ(shared->open(), 1u);
}

TEST_F(Pools, AnIdleLinkOfAnotherThreadIsFound) {
  start(1, 2);
  std::unique_ptr<FakeLink> held;
  wait(*threads[0], held);
  ASSERT_TRUE(eventually([&] { return answered == 1; }));
  give_back(*threads[0], held);
  wait(*threads[1], held);
  ASSERT_TRUE(eventually([&] { return answered == 2; }));
  EXPECT_EQ(held->pool, &threads[1]->pool);
  give_back(*threads[1], held);
}

TEST_F(Pools, WaitersOpenInParallelUpToTheCap) {
  start(3, 1);
  std::unique_ptr<FakeLink> held[5];
  for (auto& one : held) wait(*threads[0], one);
  ASSERT_TRUE(eventually([&] { return answered == 3; }));
  EXPECT_EQ(shared->open(), 3u);
  for (auto& one : held) {
    if (one) give_back(*threads[0], one);
  }
  ASSERT_TRUE(eventually([&] { return answered == 5; }));
  for (auto& one : held) {
    if (one) give_back(*threads[0], one);
  }
}

TEST_F(Pools, ACancelledTicketIsNotServedAndTheLinkGoesOn) {
  start(1, 2);
  std::unique_ptr<FakeLink> holder, quitter, next;
  wait(*threads[0], holder);
  ASSERT_TRUE(eventually([&] { return answered == 1; }));
  const auto ticket = wait(*threads[1], quitter);
  wait(*threads[1], next);
  threads[1]->run([&] { threads[1]->pool.cancel(ticket); });
  give_back(*threads[0], holder);
  ASSERT_TRUE(eventually([&] { return answered == 2; }));
  EXPECT_EQ(quitter, nullptr);
  EXPECT_NE(next, nullptr);
  give_back(*threads[1], next);
}

TEST_F(Pools, ATicketCancelledWhileItsLinkIsOnItsWay) {
  start(1, 2);
  std::unique_ptr<FakeLink> holder, quitter;
  wait(*threads[0], holder);
  ASSERT_TRUE(eventually([&] { return answered == 1; }));
  const auto ticket = wait(*threads[1], quitter);
  threads[1]->run([&] {  // the parcel is in this thread's mailbox when it cancels
    threads[0]->run([&] { threads[0]->pool.give_back(std::move(holder)); });
    threads[1]->pool.cancel(ticket);
  });
  ASSERT_TRUE(eventually([&] {
    std::size_t idle = 0;
    for (auto& thread : threads) thread->run([&] { idle += thread->pool.idle(); });
    return idle == 1;
  }));
  EXPECT_EQ(answered, 1);
  EXPECT_EQ(shared->open(), 1u);
}

TEST_F(Pools, ADiscardedLinkMakesRoomForAnotherOne) {
  start(1, 2);
  std::unique_ptr<FakeLink> holder, waiter;
  wait(*threads[0], holder);
  ASSERT_TRUE(eventually([&] { return answered == 1; }));
  wait(*threads[1], waiter);
  threads[0]->run([&] { threads[0]->pool.discard(std::move(holder)); });
  ASSERT_TRUE(eventually([&] { return answered == 2; }));
  EXPECT_NE(waiter, nullptr);
  EXPECT_EQ(shared->open(), 1u);
  give_back(*threads[1], waiter);
}

TEST_F(Pools, ABrokenLinkIsNotLentOn) {
  start(1, 1);
  std::unique_ptr<FakeLink> held;
  wait(*threads[0], held);
  ASSERT_TRUE(eventually([&] { return answered == 1; }));
  held->broken = true;
  give_back(*threads[0], held);
  EXPECT_EQ(shared->open(), 0u);
  wait(*threads[0], held);
  ASSERT_TRUE(eventually([&] { return answered == 2; }));
  EXPECT_FALSE(held->broken);
  give_back(*threads[0], held);
}

TEST_F(Pools, AResetLinkCountsAsLentUntilItIsClean) {
  start(1, 1);
  std::unique_ptr<FakeLink> held;
  wait(*threads[0], held);
  ASSERT_TRUE(eventually([&] { return answered == 1; }));
  auto& pool = threads[0]->pool;
  threads[0]->run([&] {
    pool.reset(std::move(held), {"ROLLBACK", "DISCARD ALL"});
    EXPECT_EQ(pool.lent(), 1u);
    EXPECT_EQ(pool.idle(), 0u);
  });
  threads[0]->run([&] {
    EXPECT_EQ(pool.lent(), 0u);
    ASSERT_EQ(pool.idle(), 1u);
    EXPECT_EQ(pool.idle_links()[0]->resets, 2);
  });
}

TEST_F(Pools, AServerThatCannotBeReachedFailsItsWaitersAndIsDown) {
  start(2, 1);
  node.fresh_as_of = 5;
  FakeLink::failing = 1;
  std::unique_ptr<FakeLink> held;
  OpenFailure failure;
  wait(*threads[0], held, &failure);
  ASSERT_TRUE(eventually([&] { return answered == 1; }));
  EXPECT_EQ(held, nullptr);
  EXPECT_EQ(failure.message, "no");
  EXPECT_FALSE(failure.from_server);
  EXPECT_FALSE(node.up);
  EXPECT_EQ(node.fresh_as_of, 0) << "another server may come back there";
  EXPECT_EQ(shared->open(), 0u);
  wait(*threads[0], held);
  ASSERT_TRUE(eventually([&] { return answered == 2; }));
  EXPECT_TRUE(node.up);
  give_back(*threads[0], held);
}

TEST_F(Pools, ARefusedLoginIsNoOutage) {
  start(2, 1);
  FakeLink::refusing = true;
  FakeLink::failing = 1;
  std::unique_ptr<FakeLink> held;
  OpenFailure failure;
  wait(*threads[0], held, &failure);
  ASSERT_TRUE(eventually([&] { return answered == 1; }));
  EXPECT_TRUE(failure.from_server);
  EXPECT_TRUE(node.up);
}

TEST_F(Pools, WhileOtherLinksWorkAFailureIsTriedAgain) {
  start(2, 1);
  std::unique_ptr<FakeLink> first, second;
  wait(*threads[0], first);
  ASSERT_TRUE(eventually([&] { return answered == 1; }));
  FakeLink::failing = 2;
  wait(*threads[0], second);
  ASSERT_TRUE(eventually([&] { return answered == 2; }));
  EXPECT_NE(second, nullptr);
  give_back(*threads[0], first);
  give_back(*threads[0], second);
}

TEST_F(Pools, PausedNothingIsLentAndEverybodyIsServedAfterwards) {
  start(2, 2);
  backend.paused = true;
  std::unique_ptr<FakeLink> held[4];
  for (std::size_t i = 0; i < 4; ++i) wait(*threads[i % 2], held[i]);
  EXPECT_EQ(shared->open(), 0u);
  EXPECT_EQ(answered, 0);
  backend.paused = false;
  for (auto& thread : threads) thread->run([&] { thread->pool.serve_line(); });
  ASSERT_TRUE(eventually([&] { return answered == 2; }));
  EXPECT_EQ(shared->open(), 2u);
  for (int round = 0; round < 2; ++round) {
    ASSERT_TRUE(eventually([&] { return answered >= 2 + round * 2; }));
    std::vector<std::size_t> holders;  // all looked at before the first one gives back: then the others are written to
    for (std::size_t i = 0; i < 4; ++i) {
      if (held[i]) holders.push_back(i);
    }
    for (const auto i : holders) give_back(*threads[i % 2], held[i]);
  }
  EXPECT_EQ(answered, 4);
}

TEST_F(Pools, ARetiredPoolKeepsNothingIdle) {
  start(2, 1);
  std::unique_ptr<FakeLink> held;
  wait(*threads[0], held);
  ASSERT_TRUE(eventually([&] { return answered == 1; }));
  threads[0]->run([&] { threads[0]->pool.retire(); });
  EXPECT_EQ(shared->open(), 1u);
  give_back(*threads[0], held);
  EXPECT_EQ(shared->open(), 0u);
}

TEST_F(Pools, AnOlderConfigurationsLinksCount) {
  start(2, 1);
  std::unique_ptr<FakeLink> old[2], young[3];
  for (auto& one : old) wait(*threads[0], one);
  ASSERT_TRUE(eventually([&] { return answered == 2; }));
  reload(2, 2);
  for (std::size_t i = 0; i < 3; ++i) wait(*fresh[i % 2], young[i]);
  EXPECT_EQ(newer->open(), 2u);
  EXPECT_EQ(FakeLink::alive.load(), 2);
  give_back(*threads[0], old[0]);
  ASSERT_TRUE(eventually([&] { return answered == 3; }));
  EXPECT_EQ(newer->open(), 2u);
  threads[0]->run([&] { threads[0]->pool.discard(std::move(old[1])); });
  ASSERT_TRUE(eventually([&] { return answered == 4; }));
  EXPECT_EQ(newer->open(), 2u);
  const bool served[] = {young[0] != nullptr, young[1] != nullptr, young[2] != nullptr};
  for (std::size_t i = 0; i < 3; ++i) {  // the third one gets the first that comes back
    if (served[i]) give_back(*fresh[i % 2], young[i]);
  }
  ASSERT_TRUE(eventually([&] { return answered == 5; }));
  for (std::size_t i = 0; i < 3; ++i) {
    if (!served[i]) give_back(*fresh[i % 2], young[i]);
  }
}

TEST_F(Pools, TheNewestLimitCountsForAllConfigurations) {
  start(3, 1);
  std::unique_ptr<FakeLink> old[3], later, young;
  for (auto& one : old) wait(*threads[0], one);
  ASSERT_TRUE(eventually([&] { return answered == 3; }));
  reload(1, 1);
  wait(*fresh[0], young);
  for (std::size_t i = 0; i < 2; ++i) give_back(*threads[0], old[i]);
  EXPECT_EQ(answered, 3);
  EXPECT_EQ(shared->open(), 1u);
  give_back(*threads[0], old[2]);
  ASSERT_TRUE(eventually([&] { return answered == 4; }));
  ASSERT_NE(young, nullptr);
  wait(*threads[0], later);
  EXPECT_EQ(shared->open(), 1u);
  give_back(*fresh[0], young);
  ASSERT_TRUE(eventually([&] { return answered == 5; }));
  ASSERT_NE(later, nullptr);
  give_back(*threads[0], later);
  EXPECT_EQ(shared->open(), 0u);
}

TEST_F(Pools, WhoWaitsInAnOlderConfigurationComesFirst) {
  start(1, 1);
  reload(1, 2);
  std::unique_ptr<FakeLink> holder, elder, next;
  wait(*fresh[0], holder);
  ASSERT_TRUE(eventually([&] { return answered == 1; }));
  wait(*fresh[1], next);
  wait(*threads[0], elder);
  give_back(*fresh[0], holder);
  ASSERT_TRUE(eventually([&] { return answered == 2; }));
  ASSERT_NE(elder, nullptr);
  give_back(*threads[0], elder);
  ASSERT_TRUE(eventually([&] { return answered == 3; }));
  give_back(*fresh[1], next);
  EXPECT_EQ(newer->open(), 1u);
}

TEST_F(Pools, AnIdleLinkOfANewerConfigurationMakesRoom) {
  start(1, 1);
  reload(1, 2);
  std::unique_ptr<FakeLink> held;
  wait(*fresh[1], held);
  ASSERT_TRUE(eventually([&] { return answered == 1; }));
  give_back(*fresh[1], held);
  wait(*threads[0], held);
  ASSERT_TRUE(eventually([&] { return answered == 2; }));
  EXPECT_EQ(held->pool, &threads[0]->pool);
  EXPECT_EQ(shared->open(), 1u);
  give_back(*threads[0], held);
}

TEST_F(Pools, AWaiterOfAnOlderConfigurationThatGivesUpHoldsNobodyBack) {
  start(1, 1);
  std::unique_ptr<FakeLink> holder, quitter, young;
  wait(*threads[0], holder);
  ASSERT_TRUE(eventually([&] { return answered == 1; }));
  const auto ticket = wait(*threads[0], quitter);
  reload(2, 1);  // a permit is free, and kept for the older one
  wait(*fresh[0], young);
  threads[0]->run([&] { threads[0]->pool.cancel(ticket); });
  ASSERT_TRUE(eventually([&] { return answered == 2; }));
  ASSERT_NE(young, nullptr);
  give_back(*threads[0], holder);
  give_back(*fresh[0], young);
}

// Sessions of four threads that take, hold, cancel, discard, reset and wait at random, while opening fails now and
// then: never more links than the cap, everybody is answered, and at the end every permit is accounted for. Half of
// them are on pools of a newer configuration, if there is one.
TEST_F(Pools, WhateverHappensNoPermitIsLostAndNobodyWaitsForEver) {
  for (const auto& round : {std::pair(1u, false), {3u, false}, {1u, true}, {3u, true}}) {
    const std::uint32_t limit = round.first;
    const bool reloads = round.second;
    start(limit, reloads ? 2 : 4);
    if (reloads) reload(limit, 2);
    std::vector<Thread*> all;
    for (auto& thread : threads) all.push_back(thread.get());
    for (auto& thread : fresh) all.push_back(thread.get());
    std::atomic<int> unfinished{0};
    std::atomic<bool> over_the_cap{false};

    struct Session {
      Thread& on;
      std::atomic<int>& unfinished;
      std::minstd_rand random;
      int turns = 100;
      std::uint64_t ticket = 0;

      void next() {
        if (turns-- == 0) {
          unfinished.fetch_sub(1);
          return;
        }
        if (auto link = on.pool.take()) return use(std::move(link));
        ticket = on.pool.wait([this](std::unique_ptr<FakeLink> link, const OpenFailure&) {
          ticket = 0;
          if (link) return use(std::move(link));
          on.loop.defer([this] { next(); });
        });
        if (random() % 8 == 0) {
          on.loop.after(std::chrono::microseconds(random() % 200), [this, mine = ticket] {
            if (ticket != mine) return;  // served meanwhile
            on.pool.cancel(mine);
            ticket = 0;
            next();
          });
        }
      }
      void use(std::unique_ptr<FakeLink> link) {
        auto parcel = std::make_shared<std::unique_ptr<FakeLink>>(std::move(link));
        const auto how = random() % 10;
        const auto done = [this, parcel, how] {
          if (how == 0) {
            on.pool.discard(std::move(*parcel));
          } else if (how == 1) {
            on.pool.reset(std::move(*parcel), {"ROLLBACK"});
          } else {
            if (how == 2) (*parcel)->broken = true;
            if (how == 3) FakeLink::failing.fetch_add(1);
            on.pool.give_back(std::move(*parcel));
          }
          next();
        };
        if (how % 2 == 0) {
          on.loop.defer(done);
        } else {
          on.loop.after(std::chrono::microseconds(random() % 50), done);
        }
      }
    };
    std::vector<std::unique_ptr<Session>> sessions;
    for (unsigned i = 0; i < 16; ++i) {
      sessions.push_back(std::make_unique<Session>(Session{*all[i % 4], unfinished, std::minstd_rand(i + 1)}));
      unfinished.fetch_add(1);
    }
    for (auto& session : sessions) {
      session->on.loop.post([&session = *session] { session.next(); });
    }
    ASSERT_TRUE(eventually([&] {
      if (shared->open() > limit || FakeLink::alive.load() > static_cast<int>(limit) + 64) over_the_cap = true;
      return unfinished == 0;
    })) << unfinished
        << " sessions wait for ever";
    EXPECT_FALSE(over_the_cap);
    EXPECT_FALSE(shared->somebody_waits());
    FakeLink::failing = 0;
    EXPECT_TRUE(eventually([&] {  // what was still opening or being reset comes to rest
      std::size_t idle = 0, lent = 0, opening = 0;
      for (auto* thread : all) {
        thread->run([&] {
          idle += thread->pool.idle();
          lent += thread->pool.lent();
          opening += thread->pool.opening();
        });
      }
      return lent == 0 && opening == 0 && idle == shared->open();
    }));
    TearDown();
  }
}

}  // namespace
}  // namespace shardway::proxy::backend
