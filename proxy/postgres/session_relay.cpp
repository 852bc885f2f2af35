// Answers: what a single server sends passes to the client untouched, in as few pieces as possible; the tracker of owed
// replies says what is the client's, what was asked by Shardway itself, and when the link is free again.
#include <sys/epoll.h>

#include "protocol/postgres/messages.hpp"
#include "proxy/log.hpp"
#include "proxy/postgres/fault_code.hpp"
#include "proxy/postgres/session.hpp"
#include "proxy/worker.hpp"

namespace shardway::proxy::postgres {

namespace pg = protocol::postgres;

namespace {

// Frames that may pass in pieces: nobody here looks into them.
// A client that has the beginning of a frame can be told nothing if the rest does not come: so only big ones pass as
// they come.
bool passes_in_pieces(const pg::FrameHead& head) noexcept {
  constexpr std::size_t kSmall = 8192;
  const auto type = head.type;
  return head.size() > kSmall && (type == 'D' || type == 'd' || type == 'T' || type == 'V' || type == 'N');
}

constexpr std::string_view kParseComplete{"1\0\0\0\4", 5};
constexpr std::string_view kCloseComplete{"3\0\0\0\4", 5};

// A server that was demoted, is going down or comes up.
bool hints_at_roles(std::string_view sqlstate) noexcept {
  return sqlstate == "25006" || sqlstate == "57P01" || sqlstate == "57P02" || sqlstate == "57P03";
}

// A server that goes says so, after whatever it had in its buffer.
bool is_farewell(std::string_view frame) {
  if (frame[0] != 'E' && frame[0] != 'N') return false;
  const auto error = pg::decode_error(frame.substr(pg::kHeadBytes));
  return error && ((error->is_fatal() && error->sqlstate.starts_with("57P0")) || error->is_last_word());
}

// The table's columns are not what they were when the statement was prepared on this connection.
bool is_outdated_plan(std::string_view frame) {
  if (frame[0] != 'E') return false;
  const auto error = pg::decode_error(frame.substr(pg::kHeadBytes));
  return error && error->sqlstate == "0A000" && error->message == kColumnsHaveChanged;
}

// Of whole frames.
std::size_t count_of_parses(std::string_view frames) {
  std::size_t count = 0;
  for (pg::FrameHead head; pg::peek_head(frames, head) == pg::HeadState::kOk; frames.remove_prefix(head.size()))
    count += head.type == '1' ? 1 : 0;
  return count;
}

}  // namespace

void Session::on_link_events(Link& link, std::uint32_t events) {
  if (phase_ == Phase::kClosed) return;
  if ((events & EPOLLOUT) != 0 && link.has_backlog()) {
    if (!link.flush()) return link_lost(link);
    if (!backlogged() && readable_) pump();
    if (phase_ == Phase::kClosed || branch_of(link) == nullptr) return;
  }
  if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) == 0) return;
  link.readable = true;
  read_links();
}

// Reads every link that has something, as long as the client takes it. A reader may stop early for the client's sake;
// when everything could be written after all, no event would say so: hence the loop.
void Session::read_links() {
  if (reading_) return;
  reading_ = true;
  for (bool again = true; again && phase_ != Phase::kClosed;) {
    again = false;
    for (std::size_t i = 0; i < branches_.size() && out_.size() <= kClientBacklog; ++i) {
      auto& link = *branches_[i].link;
      if (!link.readable) continue;
      const bool in_operation = operation_ && operation_->involves(link);
      if (in_operation && !operation_->may_read(link)) continue;
      again = true;
      if (in_operation) {
        operation_->on_readable(link, worker_.server_buffer(), Worker::kServerBuffer, may_emit());
      } else {
        relay(link);
      }
      if (phase_ == Phase::kClosed) break;
      cancel_behind_begin();
    }
    if (again && phase_ != Phase::kClosed) flush_all();
  }
  reading_ = false;
}

void Session::cancel_behind_begin() {
  for (auto& branch : branches_) {
    if (!branch.link || !branch.link->cancel_wanted || branch.link->owes_begin()) continue;
    branch.link->cancel_wanted = false;
    if (branch.link->owes()) worker_.cancel_on_server(*branch.link);
  }
}

void Session::relay(Link& link) {
  for (;;) {
    if (out_.size() > kClientBacklog) return;  // the client is slow: read_links() comes back
    char* buffer = worker_.server_buffer();
    const std::size_t held = link.held.size();
    if (held >= Worker::kServerBuffer) {
      link.mark_broken();  // a control message of 128 KiB is none
      return link_lost(link);
    }
    link.held.copy(buffer, held);
    link.held.clear();
    const auto got = link.read(buffer + held, Worker::kServerBuffer - held);
    link.readable = !got.drained;
    const std::string_view in(buffer, held + got.bytes);
    const auto used = relay_frames(link, in);
    if (phase_ == Phase::kClosed || branch_of(link) == nullptr) return;
    const bool copy_waits = copy_ && copy_->shard && !copy_->sent;
    if ((blocked_ || copy_waits) && !link.owes()) worker_.resume_later(*this);  // a message waits for these answers
    if (used < in.size()) link.held.assign(in.substr(used));
    if (got.closed || link.is_broken()) return link_lost(link);
    if (got.drained) return;
  }
}

// Walks over the frames in `in`; returns how many bytes are done with. Everything from `run` on waits to be forwarded.
std::size_t Session::relay_frames(Link& link, std::string_view in) {
  std::size_t at = 0, run = 0;
  const auto forward = [&] {
    if (at > run) send(in.substr(run, at - run));
    run = at;
  };
  while (at < in.size()) {
    if (link.pass_remaining > 0) {
      const auto piece = std::min(link.pass_remaining, in.size() - at);
      at += piece;
      link.pass_remaining -= piece;
      continue;
    }
    pg::FrameHead head;
    const auto state = pg::peek_head(in.substr(at), head);
    if (state == pg::HeadState::kBad) link.mark_broken();
    if (state != pg::HeadState::kOk) break;
    const bool drop = link.owes() && link.owed().front().drop;
    if (in.size() - at < head.size()) {
      if (drop || !passes_in_pieces(head) || operation_) break;
      link.pass_remaining = head.size();
      continue;
    }
    if (head.type == 'D' && !drop) {
      at += head.size();
      continue;
    }
    const auto frame = in.substr(at, head.size());
    if ((head.type == 'E' || head.type == 'N') && voids_answer(link, frame)) {
      parses_answered_ -= count_of_parses(in.substr(run, at - run));
      run = at;  // the beginning of an answer, flushed with it: all of it will come again
      if (link.is_broken()) return in.size();
    }
    if (head.type == 'E') forward();  // our own word may come in its place
    if (head.type == 'Z' && !drop && !statuses_.empty()) {
      forward();
      send(statuses_.take());
    }
    const auto disposition = on_reply(link, head.type, frame);
    if (disposition == Disposition::kDrop) {
      forward();
      at += head.size();
      run = at;
    } else {
      at += head.size();
    }
    if (head.type == 'E' && link.is_broken()) break;  // nothing behind it is an answer
    if (link.owes() && link.owed().front().reply >= Reply::kLocalParse) {
      forward();
      emit_local_replies(link);
    }
    if (head.type == 'Z' && disposition == Disposition::kDrop && link.owes()) {
      if (link.status == 'E') mark_failed();
      continue;  // the end of something of ours; the client's own is behind it
    }
    if (head.type == 'Z') {
      if (at < in.size()) link.held.assign(in.substr(at));  // should not be: nothing is owed behind it
      end_answer(link, in.substr(run, at - run), head.size(), disposition != Disposition::kDrop);
      return in.size();
    }
  }
  forward();
  return at;
}

// What was asked is asked again, and nothing of this answer is the client's.
bool Session::voids_answer(Link& link, Frame frame) {
  if (is_outdated_plan(frame) && outdates_statement(link)) return true;
  const auto* branch = branch_of(link);
  return branch != nullptr && (is_farewell(frame) || breaks_off(link, frame)) && may_ask_again(*branch);
}

// `rest` ends with ReadyForQuery, unless that is not shown: the client hears it when its failed transaction has let go
// of what it holds elsewhere.
void Session::end_answer(Link& link, std::string_view rest, std::size_t ready_bytes, bool shown) {
  if (const auto* branch = branch_of(link); branch != nullptr && shown) stamp(*branch);
  if (link.status == 'E') mark_failed();
  const bool withheld = shown && has_to_let_go();
  if (withheld) rest.remove_suffix(ready_bytes);
  if (!rest.empty()) send(rest);
  on_link_ready(link, shown, withheld);
}

Session::Disposition Session::on_reply(Link& link, char type, Frame frame) {
  auto& owed = link.owed();
  const auto body = frame.substr(pg::kHeadBytes);
  const bool drop = !owed.empty() && owed.front().drop;
  const auto answered = [&](Reply reply) {
    if (!owed.empty() && owed.front().reply == reply) owed.pop_front();
    return drop ? Disposition::kDrop : Disposition::kForward;
  };
  switch (type) {
    case '1':
      if (!drop) ++parses_answered_;
      return answered(Reply::kParse);
    case '2': return answered(Reply::kBind);
    case '3': return answered(Reply::kClose);
    case 't':
      if (!owed.empty() && owed.front().statement != 0) link.parameters_told = fingerprint_of_parameters(body);
      return drop ? Disposition::kDrop : Disposition::kForward;
    case 'T':
    case 'n':
      if (!owed.empty() && owed.front().reply == Reply::kDescribe && owed.front().statement != 0)
        note_described(link, type == 'T' ? body : protocol::Bytes());
      return answered(Reply::kDescribe);
    case 'C':
    case 'I':
    case 's':
      copy_link_ = nullptr;
      if (!drop && in_segment_ && copy_ && copy_->sent) end_copy();
      if (const auto tag = pg::decode_command_complete(body); !drop && tag && type == 'C' && *tag == "ROLLBACK")
        rolled_back_ = true;
      return answered(Reply::kExecute);
    case 'V': return drop ? Disposition::kDrop : Disposition::kForward;
    case 'E': return on_error_reply(link, frame);
    case 'Z':
      link.status = body.empty() ? 'E' : body[0];
      while (!owed.empty()) {
        const auto reply = owed.front().reply;
        owed.pop_front();
        if (reply == Reply::kSync || reply == Reply::kQuery || reply == Reply::kFunctionCall) break;
      }
      link.note_ready();
      return drop ? Disposition::kDrop : Disposition::kReady;
    case 'S': {
      const auto parameter = pg::decode_parameter_status(body);
      if (!parameter) return Disposition::kDrop;
      link.note_parameter(parameter->name, parameter->value);
      if (drop && owed.front().reply == Reply::kSync) statuses_.put(frame);  // of what the client has run
      if (drop || !is_for_client(parameter->name)) return Disposition::kDrop;
      if (parameter->name == "standard_conforming_strings") standard_strings_ = parameter->value == "on";
      return Disposition::kForward;
    }
    case 'N':  // "terminating connection due to immediate shutdown command": the end follows
      return drop || is_farewell(frame) ? Disposition::kDrop : Disposition::kForward;
    case 'G': return on_copy_in_response(link);
    case 'W': link.mark_broken(); return Disposition::kDrop;
    default: return drop ? Disposition::kDrop : Disposition::kForward;
  }
}

// The server takes CopyData now. A Sync that was sent behind the Execute is ignored by it: the client sends another
// one.
Session::Disposition Session::on_copy_in_response(Link& link) {
  if (copy_) {
    on_copy_started(link);
    return Disposition::kDrop;
  }
  copy_link_ = &link;
  worker_.resume_later(*this);  // CopyData that came at once waits for this
  auto& owed = link.owed();
  if (!owed.empty() && owed.front().reply == Reply::kExecute && owed.size() > 1) {
    owed.resize(1);
    awaiting_ready_ = false;
    in_segment_ = true;
    if (auto* branch = branch_of(link)) branch->dirty = branch->executed = true;
  }
  return Disposition::kForward;
}

// In the extended protocol everything up to the Sync is void. An error for something the client has not asked for (a
// statement prepared again on this connection) stands for the error of what it did ask for.
Session::Disposition Session::on_error_reply(Link& link, Frame frame) {
  auto& owed = link.owed();
  const auto error = pg::decode_error(frame.substr(pg::kHeadBytes));
  if (!error) {
    link.mark_broken();
    return Disposition::kDrop;
  }
  const bool swallow = !owed.empty() && owed.front().swallow_error;
  if (hints_at_roles(error->sqlstate)) link.target().node->shard->look();
  if (!error->is_fatal()) copy_link_ = nullptr;  // else link_lost() wants to know
  const bool ours = copy_ && copy_->fault && !error->is_fatal();
  if (ours) end_copy_with(*copy_->fault);
  if (ours && !in_segment_) return Disposition::kDrop;
  if (copy_ && copy_->sent && in_segment_ && !error->is_fatal()) end_copy();
  if (swallow) {
    while (owed.front().reply != Reply::kQuery && owed.front().reply != Reply::kSync) owed.pop_front();
    if (auto* branch = branch_of(link); branch != nullptr && branch->syncing) {
      waiting_ = std::make_unique<Waiting>();
      waiting_->shard = branch->shard;
      waiting_->fault = protocol::Fault{protocol::FaultReason::kNotSupported, std::string(error->message),
                                        std::string(error->hint), 0};
      waiting_->fault_sqlstate = error->sqlstate;
    }
    return Disposition::kDrop;
  }
  const bool breaks = breaks_off(link, frame);
  if (breaks && may_ask_again(*branch_of(link))) {
    off_replicas_ = true;
    link.mark_broken();
    return Disposition::kDrop;
  }
  if (error->is_fatal()) {
    link.mark_broken();
    if (const auto* branch = branch_of(link); branch != nullptr && may_ask_again(*branch)) return Disposition::kDrop;
    if (!link.owes()) return Disposition::kDrop;  // the server's farewell while nothing was asked: not the client's
    // It ends, and not for anything this client did: what that means for its statement is said by link_lost().
    if (breaks || error->sqlstate.starts_with("57P0")) return Disposition::kDrop;
  }
  error_seen_ = true;
  const bool told = tell_why_cancelled(frame);
  const bool moved = !told && !ours && send_moved_error(link, frame, error->position);
  const bool extended =
      !owed.empty() && owed.front().reply != Reply::kQuery && owed.front().reply != Reply::kFunctionCall;
  if (extended) {
    const auto sync = std::find_if(owed.begin(), owed.end(), [](const Owed& one) { return one.reply == Reply::kSync; });
    if (owed.front().reply == Reply::kParse && owed.front().unnamed) unnamed_before_.clear();
    for (auto skipped = sync; skipped != owed.begin();) link.undo(*--skipped);  // the last one first
    owed.erase(owed.begin(), sync);
    forget_unanswered_parses();
    if (owed.empty()) {  // the Sync has not come; a Query before it is skipped, too
      skip_until_sync_ = true;
      if (std::exchange(awaiting_ready_, false)) worker_.resume_later(*this);
    }
  }
  return ours || told || moved ? Disposition::kDrop : Disposition::kForward;
}

// The COPY of a pipeline is over before its Sync: what the client sent behind it goes on.
void Session::end_copy() {
  copy_.reset();
  worker_.resume_later(*this);
}

void Session::emit_local_replies(Link& link) {
  auto& owed = link.owed();
  while (!owed.empty() && owed.front().reply >= Reply::kLocalParse) {
    const bool parse = owed.front().reply == Reply::kLocalParse;
    if (parse) ++parses_answered_;
    send(parse ? kParseComplete : kCloseComplete);
    owed.pop_front();
  }
}

// Of settings, BEGIN and the like, which the client has not asked for.
void Session::on_hidden_ready(Branch& branch) {
  auto& link = *branch.link;
  if (link.status == 'E') mark_failed();
  if (link.owes()) return;
  const bool was_syncing = std::exchange(branch.syncing, false);
  if (!was_syncing && !blocked_) return;
  if (was_syncing && waiting_ && waiting_->fault) {
    link.close_when_returned();
    branch.pinned = false;
    drop_branch(branch);
  } else if (was_syncing) {
    link.settings = transaction_ ? transaction_->settings_before : settings_;
    prepare_branch(branch);
  }
  resume();
}

// ReadyForQuery: what was owed up to here has come. `shown`: it was the client's own; `withheld`: who has not heard it.
void Session::on_link_ready(Link& link, bool shown, bool withheld) {
  auto* branch = branch_of(link);
  if (!shown) return on_hidden_ready(*branch);
  branch->dirty = branch->executed = false;
  awaiting_ready_ = in_segment_ = skip_until_sync_ = error_is_ours_ = may_end_transaction_ = strings_in_doubt_ = false;
  unnamed_before_.clear();
  copy_.reset();
  std::string().swap(retry_);
  asked_again_ = 0;
  off_replicas_ = false;
  note_finished();
  note_ready(link.status == 'I');
  if (link.status != 'I' && !transaction_) {  // a BEGIN inside a batch
    transaction_ = std::make_unique<Transaction>();
    transaction_->settings_before = settings_;
    transaction_->modes_vary = true;
    branch->begun = true;
  }
  if (link.status == 'E') mark_failed();
  const bool discards = kind_ == router::StatementKind::kDiscardAll && !effects_.empty();
  if ((std::exchange(deallocates_all_, false) || discards) && !error_seen_) {
    link.forget_all_statements();
    forget_statements();
  }
  if (discards && !error_seen_) end_pins();
  if (std::exchange(batch_sets_, false)) apply_effects(link);  // whatever became of it: that is known there only
  const bool ends = link.status == 'I' && transaction_;
  const bool undone = error_seen_ || (ends && rolled_back_);
  if (!undone) apply_effects(link);
  keep_pin();  // before the link is free
  if (ends) transaction_over(!undone);
  forget_effects();
  error_seen_ = rolled_back_ = false;
  if (!transaction_) release_idle();
  if (changes_catalog_ && !transaction_) catalog_changed();
  if (let_go()) return;
  if (withheld) tell_ready();
  if (draining_ && !transaction_ && input_.empty()) return kill("shutdown");
  if (!input_.empty() || readable_ || eof_) {
    pump();
  }
}

void Session::note_finished() {
  if (statement_since_ == net::Time{}) return;
  auto& counters = database_->counters;
  const auto us = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(worker_.loop().now() - statement_since_).count());
  if (!transaction_) counters.transaction_us += us;
  counters.query_us += us;
  counters.query.add(us);
  counters.server.add(us);
  statement_since_ = {};
  is_timed_out_ = false;
}

// As PgBouncer counts: a query is what ReadyForQuery ends, whoever answers it; the first one behind an idle one begins
// a transaction.
void Session::note_ready(bool idle) {
  ++database_->counters.queries;
  if (std::exchange(was_idle_, idle)) ++database_->counters.transactions;
}

}  // namespace shardway::proxy::postgres
