// Thousands of fault schedules against a model cluster in virtual time: hold or fail, asked again or not. The gates,
// the lines before them, and what becomes of a client whose server connection breaks are the program's own; servers,
// clients and the control lane are models. Safety is held against the truth at every tick and at the end, liveness once
// the faults have stopped (reliability.md 2.3).
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "proxy/backend/held.hpp"
#include "proxy/mysql/loss.hpp"
#include "proxy/postgres/loss.hpp"

namespace shardway::proxy {
namespace {

using backend::Gate;
using Reason = Gate::Reason;
using Number = std::uint64_t;

// A tick is kBetweenBatches.
constexpr int kFaultyTicks = 400, kQuietTicks = 400;
constexpr std::size_t kShards = 2, kClients = 12, kDepth = 3;  // statements a client sends before it has read
constexpr int kHoldTicks = 60, kDetectTicks = 12, kRunTicks = 6;
constexpr Number kNone = 0;

enum class Kind : std::uint8_t { kRead, kWrite, kBegin, kCommit, kRollback };
enum class Told : std::uint8_t { kOk, kRetryable, kUnknown, kNotRun, kCutOff, kClosed };

struct Statement {
  Number id = kNone;
  Kind kind = Kind::kRead;
  std::size_t shard = 0;
  std::uint64_t bytes = 1;
  int asked_again = 0, sent = 0;
  std::optional<Number> transaction;  // the client's, of which it is
};

// What became of a loss, whichever twin judged it.
enum class Verdict : std::uint8_t { kNothing, kUntold, kRepeat, kRolledBack, kRetryable, kUnknown, kCutOff, kClosed };

struct Facts {
  bool is_asked = false, is_begun = false, is_mid_frame = false, is_open = false;
  Kind kind = Kind::kRead;
  int asked_again = 0;
};

Verdict by_mysql(const Facts& facts) {
  mysql::Breakage broken;
  broken.is_asked = facts.is_asked;
  broken.is_begun = facts.is_begun;
  broken.is_mid_packet = facts.is_mid_frame;
  broken.is_open = facts.is_open;
  broken.can_repeat = facts.asked_again < mysql::kMostRepeats;
  broken.effect.may_end = facts.kind == Kind::kCommit || facts.kind == Kind::kBegin;
  broken.effect.rolls_back = facts.kind == Kind::kRollback;
  broken.effect.reads = facts.kind == Kind::kRead;
  broken.effect.repeats = facts.kind != Kind::kWrite;
  switch (mysql::judge(broken)) {
    case mysql::Loss::kNothing: return Verdict::kNothing;
    case mysql::Loss::kUntold: return Verdict::kUntold;
    case mysql::Loss::kRepeat: return Verdict::kRepeat;
    case mysql::Loss::kRolledBack: return Verdict::kRolledBack;
    case mysql::Loss::kTransaction: return Verdict::kRetryable;
    case mysql::Loss::kUnknown: return Verdict::kUnknown;
    case mysql::Loss::kCutOff: return Verdict::kCutOff;
    case mysql::Loss::kClose:
    case mysql::Loss::kCloseMute: return Verdict::kClosed;
  }
  return Verdict::kClosed;
}

Verdict by_postgres(const Facts& facts) {
  postgres::Breakage broken;
  broken.is_asked = facts.is_asked;
  broken.is_mid_frame = facts.is_mid_frame;
  broken.is_open = broken.is_block = facts.is_open;
  broken.may_end = facts.kind == Kind::kCommit || facts.kind == Kind::kRollback;
  broken.can_repeat = facts.is_asked && facts.kind == Kind::kRead && !facts.is_open && !facts.is_begun &&
                      !facts.is_mid_frame && facts.asked_again < postgres::kMostRepeats;
  switch (postgres::judge(broken)) {
    case postgres::Loss::kNothing:
    case postgres::Loss::kSeenLater: return Verdict::kNothing;
    case postgres::Loss::kUntold: return Verdict::kUntold;
    case postgres::Loss::kRepeat: return Verdict::kRepeat;
    case postgres::Loss::kTransaction: return Verdict::kRetryable;
    case postgres::Loss::kUnknown: return Verdict::kUnknown;
    case postgres::Loss::kClose:
    case postgres::Loss::kCloseMute: return Verdict::kClosed;
  }
  return Verdict::kClosed;
}

using Judge = Verdict (*)(const Facts&);

// The primary of one shard and whoever takes its place. What is committed is on a replica, too: it outlives any of
// them.
struct Server {
  bool is_up = true;
  int life = 1;                 // connections are of one
  std::set<Number> committed;   // statements
  std::vector<Number> applied;  // in order, once for each time
};

// What a server was sent, or the transaction it has open for a client.
struct Connection {
  std::size_t shard = 0;
  int life = 0;
  std::optional<Number> open;   // transaction
  std::vector<Number> written;  // in it
};

struct Client {
  std::deque<Statement> asked;  // the first one is under way
  std::vector<Number> order;    // as they were sent by the application
  std::vector<Number> answered;
  std::unique_ptr<Connection> connection;
  bool is_sent = false, is_begun = false, has_run = false;
  int answers_at = 0, runs_at = 0;
  bool is_untold = false, has_failed = false, is_in_block = false;
  std::uint64_t ticket = 0;
  int held_since = 0;
  // What the application means to do: it goes on with the rest of a transaction, or gives it up.
  std::optional<Number> transaction;
  std::size_t shard = 0;
  int left = 0;
};

class World {
 public:
  World(std::uint64_t seed, Judge judge) : random_(seed), judge_(judge) {
    bounds_.clients = 8;
    bounds_.bytes = 40;
    for (std::size_t i = 0; i < kShards; ++i) lines_.push_back(std::make_unique<backend::HeldLine>(gates_[i]));
  }

  void run() {
    for (; now_ < kFaultyTicks; ++now_) step(/*faults=*/true);
    for (std::size_t i = 0; i < kShards; ++i) come_back(i);
    for (; now_ < kFaultyTicks + kQuietTicks; ++now_) step(/*faults=*/false);
    check_the_end();
  }

 private:
  int between(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_); }
  bool chance(int in) { return between(1, in) == 1; }

  void step(bool faults) {
    if (faults && chance(12)) something_breaks();
    for (std::size_t i = 0; i < kShards; ++i) control_lane(i);
    for (auto& client : clients_) {
      if (faults) application(client);
      advance(client);
    }
    for (std::size_t i = 0; i < kShards; ++i) let_go(i);
    for (std::size_t i = 0; i < kShards; ++i) check_bounds(i);
  }

  // ---- servers

  void something_breaks() {
    const auto shard = static_cast<std::size_t>(between(0, kShards - 1));
    switch (between(0, 3)) {
      case 0: go_down(shard); break;
      case 1: come_back(shard); break;
      case 2: lose(clients_[static_cast<std::size_t>(between(0, kClients - 1))]); break;  // one connection alone
      case 3: paused_until_[shard] = now_ + between(1, kHoldTicks * 2); break;
    }
  }

  void go_down(std::size_t shard) {
    if (!servers_[shard].is_up) return;
    servers_[shard].is_up = false;
    back_at_[shard] = now_ + between(1, kHoldTicks * 2);
    for (auto& client : clients_)
      if (client.connection && client.connection->shard == shard) lose(client);
  }

  void come_back(std::size_t shard) {
    paused_until_[shard] = 0;
    if (std::exchange(servers_[shard].is_up, true)) return;
    ++servers_[shard].life;
    seen_at_[shard] = now_ + between(0, kDetectTicks);
  }

  // Closes and opens the gates; a worker that cannot connect closes one, too.
  void control_lane(std::size_t shard) {
    auto& gate = gates_[shard];
    if (!servers_[shard].is_up && now_ >= back_at_[shard]) come_back(shard);
    if (servers_[shard].is_up && now_ >= seen_at_[shard]) gate.open(Reason::kNoPrimary);
    if (now_ < paused_until_[shard])
      gate.close(Reason::kPaused);
    else
      gate.open(Reason::kPaused);
  }

  // ---- the application

  void application(Client& client) {
    if (client.asked.size() >= kDepth || !chance(2)) return;
    if (client.transaction) return ask(client, next_in_transaction(client));
    client.shard = static_cast<std::size_t>(between(0, kShards - 1));
    if (chance(3)) {
      client.transaction = ++last_transaction_;
      client.left = between(1, 3);
      return ask(client, Kind::kBegin);
    }
    ask(client, chance(2) ? Kind::kRead : Kind::kWrite);
  }

  Kind next_in_transaction(Client& client) {
    if (client.left-- > 0) return chance(3) ? Kind::kRead : Kind::kWrite;
    return chance(5) ? Kind::kRollback : Kind::kCommit;
  }

  void ask(Client& client, Kind kind) {
    Statement statement;
    statement.id = ++last_statement_;
    statement.kind = kind;
    statement.shard = client.shard;
    statement.bytes = static_cast<std::uint64_t>(between(1, 12));
    statement.transaction = client.transaction;
    if (kind == Kind::kCommit || kind == Kind::kRollback) client.transaction.reset();
    client.order.push_back(statement.id);
    facts_[statement.id] = statement;
    client.asked.push_back(statement);
  }

  // ---- the session

  void advance(Client& client) {
    if (client.ticket != 0) return hold_on(client);
    if (client.asked.empty()) return;
    auto& statement = client.asked.front();
    if (client.is_sent) return await(client);
    if (client.is_untold && statement.kind != Kind::kRollback) {
      client.is_untold = false;
      client.has_failed = true;
      return answer(client, Told::kRetryable);
    }
    if (client.has_failed || client.is_untold) return in_failed_transaction(client);
    if (statement.kind == Kind::kBegin) {  // answered here
      client.is_in_block = true;
      return answer(client, Told::kOk);
    }
    const bool ends = statement.kind == Kind::kCommit || statement.kind == Kind::kRollback;
    if (ends && !client.connection) return end_block(client), answer(client, Told::kOk);
    begin(client);
  }

  void in_failed_transaction(Client& client) {
    const auto kind = client.asked.front().kind;
    if (kind != Kind::kRollback && kind != Kind::kCommit) return answer(client, Told::kNotRun);
    end_block(client);
    answer(client, Told::kOk);
  }

  static void end_block(Client& client) { client.has_failed = client.is_untold = client.is_in_block = false; }

  // What has begun never meets the gate.
  void begin(Client& client) {
    auto& statement = client.asked.front();
    if (!client.connection) {
      if (!gates_[statement.shard].is_open()) return hold(client);
      if (!servers_[statement.shard].is_up) {  // nobody has told: it cannot be reached
        gates_[statement.shard].close(Reason::kNoPrimary);
        return;
      }
      client.connection = std::make_unique<Connection>();
      client.connection->shard = statement.shard;
      client.connection->life = servers_[statement.shard].life;
      if (client.is_in_block) client.connection->open = statement.transaction;
    }
    send(client);
  }

  void send(Client& client) {
    auto& statement = client.asked.front();
    ++statement.sent;
    ASSERT_TRUE(statement.sent == 1 || statement.kind != Kind::kWrite) << "a write was sent twice";
    ASSERT_TRUE(statement.sent == 1 || !client.connection->open) << "part of a transaction was sent twice";
    ASSERT_LE(statement.sent, 3) << "it is taken from server to server";
    client.is_sent = true;
    client.has_run = client.is_begun = false;
    client.runs_at = now_ + between(0, kRunTicks);
    client.answers_at = client.runs_at + between(0, kRunTicks);
  }

  void await(Client& client) {
    if (now_ >= client.runs_at && !client.has_run) run_on_server(client);
    client.is_begun = client.is_begun || (client.has_run && client.asked.front().kind == Kind::kRead && chance(4));
    if (now_ < client.answers_at || !client.has_run) return;
    const auto kind = client.asked.front().kind;
    if (kind == Kind::kCommit || kind == Kind::kRollback) end_block(client);
    if (!client.is_in_block) client.connection.reset();
    answer(client, Told::kOk);
  }

  void run_on_server(Client& client) {
    client.has_run = true;
    auto& connection = *client.connection;
    auto& server = servers_[connection.shard];
    const auto& statement = client.asked.front();
    const auto keep = [&](Number id) {
      server.applied.push_back(id);
      server.committed.insert(id);
    };
    if (statement.kind == Kind::kWrite && connection.open) connection.written.push_back(statement.id);
    if (statement.kind == Kind::kWrite && !connection.open) keep(statement.id);
    if (statement.kind == Kind::kCommit) std::for_each(connection.written.begin(), connection.written.end(), keep);
  }

  // A connection breaks: whether what it was sent has run is the server's secret.
  void lose(Client& client) {
    if (!client.connection) return;
    if (client.is_sent && !client.has_run && chance(2)) run_on_server(client);
    Facts facts;
    facts.is_asked = client.is_sent;
    facts.is_open = client.connection->open.has_value();
    facts.is_begun = client.is_sent && client.is_begun;
    facts.is_mid_frame = facts.is_begun && chance(3);
    if (client.is_sent) facts.kind = client.asked.front().kind;
    if (client.is_sent) facts.asked_again = client.asked.front().asked_again;
    client.connection.reset();
    client.is_sent = client.is_begun = client.has_run = false;
    heed(client, judge_(facts), facts);
  }

  void heed(Client& client, Verdict verdict, const Facts& facts) {
    switch (verdict) {
      case Verdict::kNothing: ASSERT_FALSE(facts.is_asked || facts.is_open) << "nobody hears of it"; return;
      case Verdict::kUntold: client.is_untold = true; return;
      case Verdict::kRepeat:
        ASSERT_FALSE(facts.is_begun) << "the client would have the beginning of an answer twice";
        ++client.asked.front().asked_again;
        return;
      case Verdict::kRolledBack: end_block(client); return answer(client, Told::kOk);
      case Verdict::kRetryable: client.has_failed = client.is_in_block; return answer(client, Told::kRetryable);
      case Verdict::kUnknown:
        if (facts.kind == Kind::kCommit || facts.kind == Kind::kRollback) end_block(client);
        return answer(client, Told::kUnknown);
      case Verdict::kCutOff: return answer(client, Told::kCutOff);
      case Verdict::kClosed:
        ASSERT_TRUE(facts.is_mid_frame) << "a connection was closed that could be told";
        while (!client.asked.empty()) answer(client, Told::kClosed);
        end_block(client);
        client.transaction.reset();
        return;
    }
  }

  void answer(Client& client, Told told) {
    const auto statement = client.asked.front();
    client.asked.pop_front();
    client.is_sent = false;
    told_[statement.id] = told;
    client.answered.push_back(statement.id);
    ASSERT_EQ(client.order[client.answered.size() - 1], statement.id) << "answers out of order";
  }

  // ---- before the gate

  void hold(Client& client) {
    const auto shard = client.asked.front().shard;
    client.ticket = lines_[shard]->join(client.asked.front().bytes, bounds_, [this, &client] { is_let_go(client); });
    client.held_since = now_;
    if (client.ticket == 0) refuse(client);
  }

  void is_let_go(Client& client) {
    client.ticket = 0;
    ++let_go_now_[client.asked.front().shard];
  }

  void hold_on(Client& client) {
    if (now_ - client.held_since < kHoldTicks) return;
    lines_[client.asked.front().shard]->leave(std::exchange(client.ticket, 0));
    refuse(client);
  }

  // The server's own code for "cannot connect now"; it ends a transaction as any error does.
  void refuse(Client& client) {
    ASSERT_EQ(client.asked.front().sent - client.asked.front().asked_again, 0) << "what was sent is held";
    client.has_failed = client.is_in_block;
    answer(client, Told::kNotRun);
  }

  void let_go(std::size_t shard) {
    let_go_now_[shard] = 0;
    const bool went_on = wants_more_[shard];
    wants_more_[shard] = went_on ? lines_[shard]->go_on() : lines_[shard]->heed();
    most_[shard] = went_on ? most_[shard] * 2 : 1;
    ASSERT_LE(let_go_now_[shard], most_[shard]) << "no slow start";
    ASSERT_TRUE(gates_[shard].is_open() || let_go_now_[shard] == 0) << "let go before a closed gate";
  }

  // ---- what must be so

  void check_bounds(std::size_t shard) {
    std::uint64_t clients = 0, bytes = 0;
    for (const auto& client : clients_) {
      if (client.ticket == 0 || client.asked.front().shard != shard) continue;
      ++clients;
      bytes += client.asked.front().bytes;
      ASSERT_LE(now_ - client.held_since, kHoldTicks) << "held for longer than it may be";
    }
    ASSERT_EQ(gates_[shard].held_clients(), clients);
    ASSERT_EQ(gates_[shard].held_bytes(), bytes);
    ASSERT_LE(clients, bounds_.clients);
    ASSERT_LE(bytes, bounds_.bytes);
  }

  void check_the_end() {
    for (const auto& client : clients_) {
      ASSERT_TRUE(client.asked.empty()) << "a client makes no progress";
      ASSERT_EQ(client.answered, client.order);
    }
    for (const auto& server : servers_)
      ASSERT_EQ(server.applied.size(), server.committed.size()) << "something was done twice";
    for (const auto& [id, statement] : facts_)
      if (statement.kind == Kind::kWrite) check_write(statement);
    for (const auto& [id, told] : told_) seen_.insert(told);
  }

  Told outcome_of(const Statement& write) {
    if (!write.transaction) return told_[write.id];
    auto outcome = Told::kNotRun;  // nobody committed it
    bool is_lost = false;
    for (const auto& [id, one] : facts_) {
      if (one.transaction != write.transaction) continue;
      const auto told = told_[id];
      is_lost = is_lost || (told != Told::kOk && (one.kind == Kind::kRead || one.kind == Kind::kWrite));
      if (one.kind == Kind::kCommit) outcome = is_lost && told == Told::kOk ? Told::kNotRun : told;
    }
    return outcome;
  }

  void check_write(const Statement& write) {
    const bool is_there = servers_[write.shard].committed.contains(write.id);
    switch (outcome_of(write)) {
      case Told::kOk: ASSERT_TRUE(is_there) << "an acknowledged write is lost: " << write.id; return;
      case Told::kRetryable: ASSERT_FALSE(is_there) << "what was kept was called retryable: " << write.id; return;
      case Told::kNotRun: ASSERT_FALSE(is_there) << "what was refused has run: " << write.id; return;
      case Told::kCutOff: FAIL() << "a write was called a read: " << write.id; return;
      case Told::kUnknown:
      case Told::kClosed: return;
    }
  }

  std::mt19937_64 random_;
  const Judge judge_;
  config::Hold bounds_;
  int now_ = 1;
  Server servers_[kShards];
  Gate gates_[kShards];
  int back_at_[kShards] = {}, seen_at_[kShards] = {}, paused_until_[kShards] = {};
  std::vector<std::unique_ptr<backend::HeldLine>> lines_;
  bool wants_more_[kShards] = {};
  int let_go_now_[kShards] = {}, most_[kShards] = {};
  std::vector<Client> clients_ = std::vector<Client>(kClients);
  Number last_statement_ = 0, last_transaction_ = 0;
  std::map<Number, Statement> facts_;
  std::map<Number, Told> told_;

 public:
  std::set<Told> seen_;
};

struct Twin {
  const char* name;
  Judge judge;
};

#ifdef SHARDWAY_SANITIZED
constexpr std::uint64_t kWorlds = 250;
#else
constexpr std::uint64_t kWorlds = 1000;
#endif

class HoldSimulation : public testing::TestWithParam<Twin> {};

TEST_P(HoldSimulation, NothingIsDoneTwiceAndNobodyWaitsForEver) {
  std::set<Told> seen;
  for (std::uint64_t seed = 1; seed <= kWorlds && !HasFatalFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    World world(seed, GetParam().judge);
    world.run();
    seen.insert(world.seen_.begin(), world.seen_.end());
  }
  for (const auto told : {Told::kOk, Told::kRetryable, Told::kUnknown, Told::kNotRun, Told::kClosed})
    EXPECT_TRUE(seen.contains(told)) << "no schedule has led to " << static_cast<int>(told);
}

INSTANTIATE_TEST_SUITE_P(OfBothTwins, HoldSimulation,
                         testing::Values(Twin{"Postgres", &by_postgres}, Twin{"Mysql", &by_mysql}),
                         [](const auto& with) { return with.param.name; });

}  // namespace
}  // namespace shardway::proxy
