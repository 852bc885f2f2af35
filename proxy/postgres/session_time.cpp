// One time for a transaction, as on one server, whatever shards it goes to: now() is that of the server that began it
// first. Statements there say now() as they are; what runs elsewhere gets that time as a literal
// (router/time_rule.cpp), for which the first one is asked once, when it is needed.
// https://www.postgresql.org/docs/15/functions-datetime.html#FUNCTIONS-DATETIME-CURRENT
#include <algorithm>
#include <chrono>
#include <ctime>

#include "protocol/postgres/messages.hpp"
#include "proxy/postgres/fault_code.hpp"
#include "proxy/postgres/session.hpp"
#include "proxy/worker.hpp"

namespace shardway::proxy::postgres {

namespace pg = protocol::postgres;
using protocol::FaultReason;
using router::Statement;

namespace {

// A literal for what Shardway's own clock says: of a statement by itself on several shards.
std::string literal_of_clock() {
  const auto now = std::chrono::system_clock::now();
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch()).count();
  const std::time_t seconds = static_cast<std::time_t>(us / 1'000'000);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  char text[64];
  std::snprintf(text, sizeof text, "'%04d-%02d-%02d %02d:%02d:%02d.%06d+00'::timestamptz", utc.tm_year + 1900,
                utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, static_cast<int>(us % 1'000'000));
  return text;
}

// Whatever DateStyle and TimeZone are.
constexpr std::string_view kAskTime =
    "SELECT pg_catalog.to_char(pg_catalog.timezone('UTC', pg_catalog.now()), 'YYYY-MM-DD HH24:MI:SS.US')";

// What a server answered; empty: it is no time.
std::string literal_of_row(std::string_view row) {
  const auto values = row.empty() ? std::nullopt : std::optional(pg::decode_data_row(row.substr(pg::kHeadBytes)));
  if (!values || !*values || (*values)->size() != 1 || !(**values)[0]) return {};
  const auto time = *(**values)[0];
  const bool is_time = !time.empty() && time.find_first_not_of("0123456789-:. ") == std::string_view::npos;
  return is_time ? "'" + std::string(time) + "+00'::timestamptz" : std::string();
}

}  // namespace

// Of whose clock the statement would be: what the planner has to know of the transaction's time.
void Session::see_time(const Statement& statement, router::SessionView& view, std::string& of_clock) const {
  const auto branch = std::find_if(branches_.begin(), branches_.end(),
                                   [](const Branch& known) { return known.begun || known.executed; });
  const bool is_told = transaction_ && !transaction_->now.empty();
  if (transaction_) view.defined = transaction_->defined;
  view.keeps_time = is_told || segment_time_ || branch != branches_.end();
  if (is_told) {
    view.now_literal = transaction_->now;
    view.clock_shard = transaction_->clock_shard;
  } else if (segment_time_) {
    view.now_literal = *segment_time_;
  } else if (branch != branches_.end()) {
    view.clock_shard = branch->shard;
  } else if (!transaction_ && !statement.now_calls.empty()) {
    view.now_literal = of_clock = literal_of_clock();
  }
}

// Why the statement may not run on this shard, as with_time() says of those whose shard is known when they are planned.
std::optional<protocol::Fault> Session::has_another_time(const Statement& statement, router::ShardIndex shard) const {
  router::SessionView view;
  std::string of_clock;
  see_time(statement, view, of_clock);
  const auto hidden = router::hidden_clock(statement, view.defined);
  if (hidden.empty() || !view.keeps_time || view.clock_shard == shard) return std::nullopt;
  return protocol::Fault{FaultReason::kSeveralShards,
                         std::string(hidden) +
                             " on another shard of a transaction is not supported: the time there "
                             "is another one",
                         "write the time itself", 0};
}

// All Executes up to one Sync have one time. Called before the first one of several shards is planned.
void Session::keep_segment_time(const Statement& statement) {
  if (statement.now_calls.empty() || segment_time_ || transaction_) return;
  if (std::any_of(branches_.begin(), branches_.end(), [](const Branch& branch) { return branch.executed; })) return;
  segment_time_ = std::make_unique<std::string>(literal_of_clock());
}

Session::Step Session::ask_time(const Statement& statement, const router::Plan& plan) {
  return ask(plan.shards[0], replica_allowed(statement, plan, plan.shards[0]), kAskTime,
             [this](std::string_view row, router::ShardIndex shard) {
               transaction_->now = literal_of_row(row);
               if (!transaction_->now.empty()) transaction_->clock_shard = shard;
               return !transaction_->now.empty();
             });
}

// One row of the server that began the transaction first, else `shard`'s, which begins it. The statement at hand comes
// again when that is known, or could not be told.
Session::Step Session::ask(router::ShardIndex shard, bool replica_ok, std::string_view sql, Told told) {
  if (transaction_ && !transaction_->unasked.empty()) {
    fail_statement_frame(std::exchange(transaction_->unasked, {}));
    return Step::kConsumed;
  }
  if (in_segment_ && forward_deferred() == Step::kBlocked) return Step::kBlocked;
  if (skip_until_sync_ || phase_ == Phase::kClosed) return Step::kConsumed;
  if (!transaction_) begin_implicit();
  for (auto& branch : branches_) {
    if (branch.dirty && settle_segment(branch) == Step::kBlocked) return Step::kBlocked;
  }
  auto* first = first_begun();
  if (first == nullptr) {
    const auto enlisted = enlist(shard, replica_ok);
    if (enlisted.blocked) return Step::kBlocked;
    if (enlisted.branch == nullptr) {
      fail_statement(*enlisted.fault, enlisted.sqlstate);
      return Step::kConsumed;
    }
    first = enlisted.branch;
  }
  first->tells_time = true;
  const auto row = std::make_shared<std::string>();
  auto operation = std::make_unique<Operation>(
      Operation::Answer::kFirst, false, /*describe_rows=*/false,
      [this, row](std::string_view frame) { frame.front() == 'D' ? void(*row = frame) : send(frame); },
      [this, row, asked_one = first->shard, told = std::move(told)](Operation& done) {
        asked(done, *row, asked_one, told);
      });
  operation->add(*first->link, query_of(std::string(sql)));
  operate(std::move(operation));
  return Step::kBlocked;
}

Branch* Session::first_begun() noexcept {
  for (auto& branch : branches_) {
    if (branch.begun) return &branch;
  }
  return nullptr;
}

void Session::asked(Operation& operation, std::string_view row, router::ShardIndex shard, const Told& told) {
  end_operation();
  for (auto& branch : branches_) {
    if (branch.link->is_broken()) branch.pinned = false;
  }
  if (operation.failed()) {
    transaction_->unasked = error_of(operation);
  } else if (!told(row, shard)) {
    encode_fault(transaction_->unasked,
                 {FaultReason::kProtocol, "the server's answer is not what it was asked", {}, 0});
  }
  resume();
}

}  // namespace shardway::proxy::postgres
