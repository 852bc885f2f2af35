// A server connection that breaks: what was under way is asked again, or the client hears what became of it (loss.hpp).
#include <algorithm>

#include "proxy/log.hpp"
#include "proxy/postgres/session.hpp"
#include "proxy/worker.hpp"

namespace shardway::proxy::postgres {

namespace pg = protocol::postgres;

bool Session::is_repeatable(const Branch& branch) const noexcept {
  return branch.only_reads && !branch.pinned && (!transaction_ || (is_in_block() && branch.untouched));
}

// True if what is under way has only read, provenly, or described, and the client has heard nothing of it yet.
bool Session::may_ask_again(const Branch& branch) const {
  return is_repeatable(branch) && asked_again_ < kMostRepeats && retry_open_ && !retry_.empty() && !pumping_ &&
         branches_.size() == 1 && !operation_ && !script_ && !copy_ && branch.link->pass_remaining == 0;
}

void Session::ask_again() {
  ++asked_again_;
  std::string again;
  again.swap(retry_);
  release(branches_.front());
  branches_.clear();
  awaiting_ready_ = in_segment_ = skip_until_sync_ = error_is_ours_ = error_seen_ = rolled_back_ = false;
  unnamed_before_.clear();
  forget_effects();
  pin_after_ = router::PinReason::kNone;
  statement_since_ = {};
  is_timed_out_ = false;
  forget_unanswered_parses();
  input_.insert(0, again);
  resume();
}

Breakage Session::breakage(const Branch& branch) const {
  const auto& link = *branch.link;
  Breakage broken;
  broken.is_asked = link.owes();
  broken.is_committing = commit_ != nullptr;
  broken.is_busy_elsewhere = operation_ != nullptr || (!broken.is_asked && other_owes(branch));
  broken.is_mid_frame = link.pass_remaining > 0;
  broken.can_repeat = may_ask_again(branch);
  broken.is_syncing = branch.syncing;
  broken.is_spare = is_spare(branch);
  const bool is_at_work = branch.syncing || broken.is_asked || transaction_ || branch.dirty;
  broken.carries = branch.pinned || (is_at_work && pins_transaction());
  broken.is_copying = copies_to(link);
  broken.is_open = transaction_ != nullptr;
  broken.is_block = is_in_block() || (!transaction_ && branch.untouched);  // what is only described keeps nothing
  broken.is_executed = branch.executed && !skip_until_sync_;
  broken.may_end = may_end_transaction_;
  return broken;
}

// A connection the client may not lose is in the transaction: that cannot be rolled back there and leave it as it was.
bool Session::pins_transaction() const noexcept {
  return std::any_of(branches_.begin(), branches_.end(),
                     [](const Branch& branch) { return branch.pinned && branch.begun; });
}

bool Session::other_owes(const Branch& branch) const noexcept {
  return std::any_of(branches_.begin(), branches_.end(),
                     [&](const Branch& other) { return &other != &branch && other.link->owes(); });
}

// The server's side of a branch is gone: loss.hpp says what that means.
void Session::link_lost(Link& link) {
  auto* branch = branch_of(link);
  if (branch == nullptr) return;
  if (transaction_) transaction_->lost = transaction_->lost || branch->begun || branch->executed;
  if (operation_ && operation_->involves(link)) {
    operation_->on_lost(link);
    return;
  }
  link.mark_broken();
  if (pass_to_ == &link) pass_to_ = nullptr;  // the rest of the message is dropped
  const auto broken = breakage(*branch);
  if (broken.is_busy_elsewhere && transaction_ && transaction_->untold) return;  // it was seen before
  const auto loss = judge(broken);
  const auto& node = *link.target().node;
  if (!std::exchange(is_outdated_, false)) report_loss(link, broken.is_asked, name_of(loss));
  switch (loss) {
    case Loss::kNothing: drop_branch(*branch); return resume();
    case Loss::kSeenLater:
      if (broken.is_spare) branch->begun = false;
      return;
    case Loss::kUntold:
      branch->dirty = branch->executed = false;  // no Sync is for it
      if (!broken.is_busy_elsewhere) release_idle();
      mark_lost();
      return broken.is_busy_elsewhere ? void() : resume();
    case Loss::kRepeat: return ask_again();
    case Loss::kCloseMute: return close();
    case Loss::kClose:
      return fatal(protocol::FaultReason::kServerLost, "the connection to server " + node.address.text + " was lost");
    case Loss::kTransaction:
    case Loss::kUnknown: return tell_loss(loss, node.address.text);
  }
}

void Session::report_loss(const Link& link, bool is_asked, std::string_view loss) const {
  auto& node = *link.target().node;
  if (off_replicas_ && node.role.load() == backend::Role::kReplica)
    return log::info("event=broken_off client={} link={} node={} loss={}", id_, link.id(), node.address.text, loss);
  log::warn("event=server_lost client={} link={} node={} busy={} loss={}", id_, link.id(), node.address.text, is_asked,
            loss);
  if (node.role.load() == backend::Role::kReplica) node.lost();
  node.shard->look();
}

// CopyData that is still under way is dropped, as by a server.
void Session::tell_loss(Loss loss, const std::string& address) {
  copy_link_ = nullptr;
  copy_.reset();
  may_end_transaction_ = false;
  release_idle();
  if (awaiting_ready_) {  // its Sync has been taken: ReadyForQuery is ours
    forget_unanswered_parses();
    in_segment_ = skip_until_sync_ = false;
  }
  fail_statement(loss == Loss::kTransaction ? transaction_lost() : outcome_unknown(address));
  if (phase_ != Phase::kClosed) resume();
}

}  // namespace shardway::proxy::postgres
