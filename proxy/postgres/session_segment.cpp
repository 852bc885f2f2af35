// A pipeline of extended messages up to its Sync: Close, Flush, Sync, errors in order, and what happens when a second
// shard comes in.
#include "protocol/postgres/messages.hpp"
#include "proxy/postgres/session.hpp"
#include "proxy/worker.hpp"

namespace shardway::proxy::postgres {

namespace pg = protocol::postgres;
using protocol::Fault;
using protocol::FaultReason;

namespace {

constexpr std::uint64_t kBeginStatement =
    ~std::uint64_t{0};  // "BEGIN", prepared on a link whose pipeline becomes a transaction
constexpr std::string_view kBeginName = "shardway_begin";

}  // namespace

// Blocked until every branch has answered what it owes; a Flush makes it answer before Sync.
Session::Step Session::quiet() {
  bool owes = false;
  for (auto& branch : branches_) {
    if (!branch.link->owes()) continue;
    owes = true;
    if (branch.flush_sent || !branch.dirty) continue;
    pg::encode::flush(branch.link->out());
    branch.flush_sent = true;
  }
  return owes ? Step::kBlocked : Step::kConsumed;
}

// An error of ours takes its place behind the answers that are still on their way.
Session::Step Session::fail_in_order(const Fault& fault, std::string_view sqlstate) {
  const bool parse_answered = sqlstate.empty() || forward_deferred() == Step::kConsumed;
  if (skip_until_sync_) return Step::kConsumed;
  if (!parse_answered || quiet() == Step::kBlocked) {
    held_fault_ = std::make_unique<std::pair<Fault, std::string>>(fault, std::string(sqlstate));
    return Step::kBlocked;
  }
  fail_statement(fault, sqlstate);
  return Step::kConsumed;
}

// A message that cannot be read ends what it is part of, not the connection: where it ends is known.
Session::Step Session::fail_bad_message() {
  in_segment_ = true;
  return fail_in_order({FaultReason::kProtocol, "invalid message format", {}, 0}, "08P01");
}

// Before other shards come into a pipeline: answers first; what has been executed becomes part of an explicit
// transaction, what was only parsed or described is ended.
Session::Step Session::settle_segment(Branch& branch) {
  if (quiet() == Step::kBlocked) return Step::kBlocked;
  auto& link = *branch.link;
  if (branch.begun) absorb_effects();
  if (!branch.dirty || branch.begun) return Step::kConsumed;
  if (!branch.executed) {
    pg::encode::sync(link.out());
    link.owe(Reply::kSync, /*drop=*/true);
    branch.dirty = false;
    return Step::kBlocked;
  }
  if (!transaction_) begin_implicit();
  absorb_effects();
  if (!link.has_statement(kBeginStatement)) {
    pg::encode::parse(link.out(), kBeginName, "BEGIN", {});
    link.owe(Reply::kParse, true, false, kBeginStatement);
    link.remember_statement(kBeginStatement, 0);
  }
  pg::Bind bind;
  bind.statement = kBeginName;
  bind.portal = kBeginName;
  pg::encode::bind(link.out(), bind);
  link.owe(Reply::kBind, true);
  pg::encode::execute(link.out(), kBeginName, 0);
  link.owe(Reply::kExecute, true);
  pg::encode::flush(link.out());
  branch.begun = branch.flush_sent = true;
  return Step::kBlocked;
}

// The branch the next extended message goes to; others of this pipeline are settled first.
Session::Enlisted Session::segment_branch(router::ShardIndex shard, bool replica_ok) {
  drop_spare(shard);
  for (auto& branch : branches_) {
    if (branch.shard == shard || !branch.dirty) continue;
    if (settle_segment(branch) == Step::kBlocked) return {nullptr, true, {}, {}};
    if (!branch.begun && !transaction_) {  // it was only asked to describe something
      release_idle();
      return segment_branch(shard, replica_ok);
    }
  }
  auto* known = branch_on(shard);
  if (known != nullptr && known->dirty && known->on_replica && !replica_ok) return leave_replica(*known);
  if (known != nullptr && known->dirty) {
    known->untouched = false;
    known->only_reads = known->only_reads && replica_ok;
    return {known, false, {}, {}};
  }
  for (auto& branch : branches_) {
    if (branch.shard != shard && branch.link->owes() && quiet() == Step::kBlocked) return {nullptr, true, {}, {}};
  }
  return enlist(shard, replica_ok);
}

// To have something described, whatever the shard: nothing runs there. But it may come to its work in the same
// pipeline, on the primary.
Session::Enlisted Session::describing_branch(router::ShardIndex shard, const router::Statement& statement) {
  const auto* known = branch_on(shard);
  const bool untouched = known == nullptr || known->untouched;
  const bool only_reads = untouched || known->only_reads;
  const auto enlisted = segment_branch(shard, !untouched || statement.replica_safe);
  if (enlisted.branch == nullptr) return enlisted;
  enlisted.branch->untouched = untouched;
  enlisted.branch->only_reads = only_reads;
  return enlisted;
}

Session::Step Session::on_close(Frame frame) {
  if (busy()) return Step::kBlocked;
  if (skip_until_sync_) return Step::kConsumed;
  if (held_fault_) return fail_held();
  const auto close = pg::decode_close(frame.substr(pg::kHeadBytes));
  if (!close) return fail_bad_message();
  in_segment_ = true;
  if (forward_deferred() == Step::kBlocked) return Step::kBlocked;
  if (skip_until_sync_ || phase_ == Phase::kClosed) return Step::kConsumed;
  if (close->target == pg::Target::kPortal) {
    auto* portal = portal_named(close->name);
    auto* branch = portal != nullptr && portal->shard ? branch_on(*portal->shard) : nullptr;
    if (portal != nullptr) drop_cursor(*portal);
    if (close->name.empty()) {
      unnamed_portal_.reset();
    } else if (portals_) {
      portals_->erase(std::string(close->name));
    }
    if (branch != nullptr && begin_on(*branch) == Step::kBlocked) return Step::kBlocked;
    if (branch != nullptr) {
      branch->link->out() += frame;
      branch->link->owe(Reply::kClose);
      branch->dirty = true;
      branch->flush_sent = false;
      return Step::kConsumed;
    }
  } else if (quiet() == Step::kBlocked) {
    return Step::kBlocked;  // behind an error it would be skipped
  } else if (close->name.empty()) {
    unnamed_.reset();
  } else if (statements_) {
    statements_->erase(std::string(close->name));
  }
  for (auto& branch : branches_) {
    if (!branch.link->owes()) continue;
    branch.link->owe(Reply::kLocalClose);
    return Step::kConsumed;
  }
  pg::encode::close_complete(reply());
  return Step::kConsumed;
}

Session::Step Session::on_flush(Frame) {
  if (takes_copy_data()) return Step::kConsumed;
  if (busy()) return Step::kBlocked;
  if (skip_until_sync_) return Step::kConsumed;
  if (forward_deferred() == Step::kBlocked) return Step::kBlocked;
  for (auto& branch : branches_) {
    if (!branch.dirty || branch.flush_sent) continue;
    pg::encode::flush(branch.link->out());
    branch.flush_sent = true;
  }
  return Step::kConsumed;
}

// The end of a pipeline. One branch with messages: its ReadyForQuery is the client's. Several, or a transaction that
// Shardway began for it: each ends in its own way, and ReadyForQuery is ours.
Session::Step Session::on_sync(Frame frame) {
  if (takes_copy_data()) return Step::kConsumed;  // ignored during COPY, as by a server
  if (busy()) return Step::kBlocked;
  if (!skip_until_sync_) {
    if (held_fault_ && fail_held() == Step::kBlocked) return Step::kBlocked;
    if (!skip_until_sync_ && forward_deferred() == Step::kBlocked) return Step::kBlocked;
    if (phase_ == Phase::kClosed) return Step::kConsumed;
  }
  deferred_.reset();
  held_fault_.reset();
  segment_time_.reset();
  restrict_portals();
  std::size_t dirty = 0;
  Branch* only = nullptr;
  for (auto& branch : branches_) {
    if (!branch.dirty) continue;
    ++dirty;
    only = &branch;
  }
  const bool implicit = transaction_ && transaction_->mode == Transaction::Mode::kImplicit;
  const bool error_of_ours =
      skip_until_sync_ && only != nullptr && only->executed && !only->begun && !only->link->owes() && error_is_ours_;
  // Its server may know of no failure.
  const bool failed_here = transaction_ && transaction_->failed && only != nullptr && only->link->status != 'E';
  if (dirty == 1 && !implicit && !error_of_ours && !failed_here) {
    only->link->out() += frame;
    only->link->owe(Reply::kSync);
    awaiting_ready_ = true;
    return Step::kConsumed;
  }
  if (quiet() == Step::kBlocked) return Step::kBlocked;
  return end_segment(error_of_ours);
}

Session::Step Session::fail_held() {
  if (!held_fault_->second.empty() && forward_deferred() == Step::kBlocked) return Step::kBlocked;
  if (!held_fault_) return Step::kConsumed;  // the Parse before it has failed, and everything behind that is skipped
  if (quiet() == Step::kBlocked) return Step::kBlocked;
  const auto held = std::move(held_fault_);
  fail_statement(held->first, held->second);
  return Step::kConsumed;
}

// Portals end with the transaction, and without one with the Sync.
void Session::restrict_portals() {
  if (transaction_ && transaction_->mode == Transaction::Mode::kExplicit) return;
  portals_.reset();
  unnamed_portal_.reset();
}

// Every branch gets its Sync, unseen; a pipeline that failed here and not on the server is made to fail there, too: an
// Execute of no portal ends its implicit transaction with an error.
Session::Step Session::end_segment(bool error_of_ours) {
  if (!skip_until_sync_) absorb_effects();
  bool sent = false;
  for (auto& branch : branches_) {
    if (!branch.dirty) continue;
    auto& link = *branch.link;
    if (error_of_ours && branch.executed && !branch.begun) {
      pg::encode::execute(link.out(), "shardway_abort", 0);
      link.owe(Reply::kExecute, /*drop=*/true, /*swallow_error=*/true);
    }
    pg::encode::sync(link.out());
    link.owe(Reply::kSync, /*drop=*/true);
    branch.dirty = branch.executed = false;
    sent = true;
  }
  if (sent) return Step::kBlocked;
  const bool failed = skip_until_sync_;
  in_segment_ = skip_until_sync_ = error_is_ours_ = strings_in_doubt_ = false;
  unnamed_before_.clear();
  if (transaction_ && transaction_->mode == Transaction::Mode::kImplicit) {
    transaction_->failed = transaction_->failed || failed;
    commit_implicit([this] { finish_simple(); });
    return Step::kConsumed;
  }
  if (!transaction_) release_idle();
  forget_effects();
  if (changes_catalog_ && !transaction_) catalog_changed();
  finish_simple();
  return Step::kConsumed;
}

}  // namespace shardway::proxy::postgres
