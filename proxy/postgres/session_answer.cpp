// Shardway's own answers: tags, errors, ReadyForQuery, and what an error means for all that is open.
#include "protocol/postgres/messages.hpp"
#include "proxy/postgres/fault_code.hpp"
#include "proxy/postgres/session.hpp"
#include "proxy/worker.hpp"

namespace shardway::proxy::postgres {

namespace pg = protocol::postgres;
using protocol::Fault;
using protocol::FaultReason;

Fault Session::transaction_lost() {
  return {FaultReason::kTransactionLost, "a server connection of this transaction was lost; it was rolled back",
          "run the transaction again", 0};
}

Fault Session::outcome_unknown(const std::string& address) {
  return {FaultReason::kOutcomeUnknown,
          "the connection to server " + address + " was lost; the statement may have run",
          {},
          0};
}

void Session::answer(std::string_view tag) {
  pg::encode::command_complete(reply(), tag);
  finish_simple();
}

char Session::ready_status() const noexcept { return !transaction_ ? 'I' : transaction_->failed ? 'E' : 'T'; }

// The end of a simple Query answered here: ReadyForQuery, or the next statement of the batch.
void Session::finish_simple() {
  if (script_ || in_segment_) return;
  held_ready_ = !catalog_is_current();
  if (held_ready_) return;  // DDL is over when everybody's next statement is planned with it
  note_finished();
  note_ready(!transaction_);
  asked_again_ = 0;
  off_replicas_ = false;
  error_seen_ = false;
  if (!let_go()) tell_ready();
}

void Session::tell_ready() {
  if (!statuses_.empty()) reply() += statuses_.take();
  pg::encode::ready(reply(), ready_status());
}

void Session::fail_statement(const Fault& fault, std::string_view sqlstate) {
  std::string frame;
  if (sqlstate.empty()) {
    encode_fault(frame, fault);
  } else {
    pg::encode::error(frame, {.sqlstate = sqlstate, .message = fault.message, .hint = fault.hint});
  }
  fail_statement_frame(frame);
}

// An error of ours ends the statement as the server's would: the transaction has failed; in the extended protocol
// everything up to Sync is skipped.
void Session::fail_statement_frame(std::string_view error_frame) {
  if (!tell_why_cancelled(error_frame)) reply() += error_frame;
  forget_effects();
  keep_pin();
  error_seen_ = true;
  if (transaction_) transaction_->failed = true;
  if (transaction_) transaction_->untold = false;
  awaiting_ready_ = false;
  if (script_) return;  // the script ends itself
  if (in_segment_) {
    forget_unanswered_parses();
    skip_until_sync_ = error_is_ours_ = true;
    note_finished();
    return;
  }
  if (transaction_ && transaction_->mode == Transaction::Mode::kImplicit) {
    on_every_branch("ROLLBACK", [this](Operation&) {
      transaction_over(false);
      finish_simple();
      resume();
    });
    return;
  }
  if (!transaction_) release_idle();
  finish_simple();
}

}  // namespace shardway::proxy::postgres
