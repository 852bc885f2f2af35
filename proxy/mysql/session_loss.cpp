// A server connection that breaks: what was on it (loss.hpp judges), and how the client hears of it. Its own connection
// lives on, unless half a packet stands in the way, or it had something there that no other server connection has.

#include "proxy/log.hpp"
#include "proxy/mysql/fault_code.hpp"
#include "proxy/mysql/session.hpp"
#include "proxy/worker.hpp"

namespace shardway::proxy::mysql {

namespace my = protocol::mysql;
using protocol::FaultReason;

namespace {

constexpr std::chrono::milliseconds kRepeatPause{100};

KeptError error_of(FaultReason reason, std::string message) {
  const auto code = code_of(reason);
  return {code.number, std::string(code.sqlstate), std::move(message)};
}

KeptError transaction_lost() {
  return error_of(FaultReason::kTransactionLost,
                  "a server connection of this transaction was lost; it was rolled back, run it again");
}

constexpr std::string_view kLostConnection = "Lost connection to server during query";

}  // namespace

// `packet`: the client's, should it have to be sent once more; longer ones than are looked into are not kept.
void Session::note_asked(my::Command command, Packet packet) {
  command_ = command;
  command_since_ = worker_.loop().now();
  answer_begun_ = false;
  last_.before = std::move(last_.diagnostics);
  link_->asked.assign(packet.size() <= router::kMaxAnalysedBytes ? packet : Packet());
  carried_ = carries_ || locks_tables_;
}

Breakage Session::breakage() {
  Breakage broken;
  broken.is_asked = link_->owes() && command_since_ != net::Time{};
  broken.is_begun = answer_begun_;
  const bool has_half = (link_->pass_remaining > 0 || link_->payload_goes_on) && !link_->pass_hidden;
  broken.is_mid_packet = has_half || payload_goes_on_ || (pass_remaining_ > 0 && !sends_file_);
  const bool only_we_ask = insert_id_packets_ != 0;  // with autocommit off that looks like a transaction
  broken.is_open = transaction_ != nullptr ||
                   (!only_we_ask && ((link_->status & my::status::kInTransaction) != 0 || link_->may_be_open));
  broken.autocommits = (link_->status & my::status::kAutocommit) != 0;
  broken.carries = broken.is_asked ? carried_ : carries_ || locks_tables_;
  if (!broken.is_asked) return broken;
  const auto& asked = spread_ ? spread_->asked : link_->asked;
  broken.can_repeat = !asked.empty() && asked_again_ < kMostRepeats && !pumping_;
  broken.effect = effect_under_way();
  if (transaction_) broken.effect.may_end = broken.effect.rolls_back = false;  // its end is not the client's statement
  return broken;
}

Effect Session::effect_under_way() {
  constexpr Effect kHarmless{.may_end = false, .rolls_back = false, .reads = true, .repeats = true};
  constexpr Effect kReads{.may_end = false, .rolls_back = false, .reads = true, .repeats = false};
  switch (command_) {
    case my::Command::kQuery: {
      const std::string_view asked = spread_ ? spread_->asked : link_->asked;
      return asked.empty() ? Effect{} : effect_in(asked.substr(my::kHeadBytes + 1), *state_);
    }
    case my::Command::kStmtExecute:
    case my::Command::kStmtBulkExecute: {
      if (!statements_) return {};
      const auto found = statements_->find(command_statement_);
      if (found == statements_->end()) return {};
      const auto text = found->second.text;
      return effect_in(text->text, *text->state);
    }
    case my::Command::kInitDb:
    case my::Command::kFieldList:
    case my::Command::kStatistics:
    case my::Command::kProcessInfo:
    case my::Command::kSetOption:
    case my::Command::kStmtPrepare:
    case my::Command::kStmtReset: return kHarmless;
    case my::Command::kStmtFetch: return kReads;
    default: return {};
  }
}

Effect Session::effect_in(std::string_view sql, const State& state) {
  router::Literals literals;
  return effect_of(*database_->cache().find(sql, parse_settings(state), literals));
}

// The server's side is gone. What it was asked and did not answer may have run.
void Session::link_lost() {
  link_->mark_broken();
  link_->target().node->shard->look();
  if (transaction_ && transaction_->stage != Transaction::Stage::kOpen) {  // its end goes on without it
    link_->owed().clear();
    own_fault_.reset();
    return worker_.resume_later(*this);
  }
  const bool kept_head = drop_head();
  const auto broken = breakage();
  const auto loss = deaf_ ? Loss::kCloseMute : judge(broken);
  auto& node = *link_->target().node;
  log::warn("event=server_lost client={} link={} node={} busy={} loss={}", id_, link_->id(), node.address.text,
            broken.is_asked, name_of(loss));
  if (node.role.load() == backend::Role::kReplica) node.lost();
  if (loss == Loss::kCloseMute) return close();
  if (loss != Loss::kClose && transaction_ && transaction_->is_single) return end_unfinished();
  if (loss == Loss::kUntold) return note_untold();
  if (loss != Loss::kClose && spread_ && spread_->is_held) return lose_held();
  if (broken.is_asked) stamp_link();
  auto asked = std::move(spread_ ? spread_->asked : link_->asked);
  auto unknown = outcome_unknown();
  if (broken.is_asked && broken.is_begun && std::exchange(link_->metadata_ended, false)) {
    auto next = static_cast<std::uint8_t>(number_told_ + 1);
    my::encode(out_.tail(), next, my::Eof{0, status_of_old(*link_)});
    ++number_told_;
  }
  const bool in_definitions =
      broken.is_begun && !kept_head && link_->owes() && link_->owed().front().tracker.is_in_definitions();
  sequence_ = !broken.is_asked ? std::uint8_t{0}
              : answer_begun_  ? static_cast<std::uint8_t>(number_told_ + 1)
                               : sequence_;
  if (broken.is_asked) forget_command();
  part_with_links();
  if (loss == Loss::kRepeat) return ask_again(std::move(asked));
  if (loss != Loss::kNothing) tell_loss(loss, std::move(unknown));
  if (phase_ == Phase::kClosed) return;
  if (in_definitions) return out_.flush(stream_), close();
  if (draining_ && input_.empty() && !sends_file_) return kill("shutdown");
  worker_.resume_later(*this);
}

// True if there was one: the client has heard nothing of this result.
bool Session::drop_head() {
  if (head_.bytes.empty()) return false;
  std::string().swap(head_.bytes);
  number_told_ = head_.number_before;
  answer_begun_ = head_.begun_before;
  link_->pass_remaining = 0;
  link_->payload_goes_on = false;
  return true;
}

// The transaction's end had not been asked for: it is rolled back, wherever it was, and the next statement hears of it.
void Session::note_untold() {
  own_fault_.reset();
  if (transaction_) {
    transaction_->is_lost = true;
    link_->owed().clear();
  } else {
    untold_ = true;
    part_with_links();
  }
  worker_.resume_later(*this);
}

// Of one statement on several shards, which is its own transaction, nothing was kept: it runs once more.
void Session::end_unfinished() {
  forget_command();
  drop_transaction();
  if (asked_again_ < kMostRepeats) return ask_again({});
  asked_again_ = 0;
  held_ = std::make_unique<Spread>();
  held_->error = transaction_lost();
  worker_.resume_later(*this);
}

// A bulk execution that is not a transaction of its own comes again to be answered: inside of the client's it hears
// that this is gone, else what may have run.
void Session::lose_held() {
  auto unknown = outcome_unknown();
  forget_command();
  if (transaction_) return note_untold();
  part_with_links();
  held_ = std::make_unique<Spread>();
  held_->error = error_of(FaultReason::kOutcomeUnknown, std::move(unknown));
  worker_.resume_later(*this);
}

// The links of other shards that owe something are closed with it.
void Session::part_with_links() {
  for (const auto number : with_data_)
    if (const auto found = statements_->find(number); found != statements_->end()) found->second.lost_data = true;
  own_fault_.reset();
  if (!transaction_) release_parked(true);
  give_back(/*clean=*/false);
}

// What was noted for the end of its answer, which does not come.
void Session::forget_command() {
  if (std::exchange(changes_catalog_, false)) catalog_changed();
  spread_.reset();
  held_.reset();
  command_since_ = {};
  answer_begun_ = answer_failed_ = false;
  saves_ = ends_transaction_ = counts_ = sees_nothing_ = inserts_ = loads_ = was_wide_ = own_variables_only_ =
      ends_with_it_ = false;
  user_variables_set_.clear();
  collation_named_.clear();
  if (preparing_ != 0 && statements_) statements_->erase(preparing_);
  preparing_ = 0;
  last_.is_gone = true;
  last_.row_count = -1;
}

// As if it came now. A pause lets the server's other connections be seen to break, too.
void Session::ask_again(std::string asked) {
  input_.insert(0, asked);
  if (asked_again_++ == 0) return worker_.resume_later(*this);
  worker_.resume_after(*this, kRepeatPause);
}

void Session::tell_loss(Loss loss, std::string unknown) {
  asked_again_ = 0;
  if (loss == Loss::kClose) return fatal(2013, "HY000", kLostConnection);
  status_ = static_cast<std::uint16_t>(status_ & ~kOpen);
  if (loss == Loss::kRolledBack) return answer_ok();
  if (loss == Loss::kTransaction && !sends_file_) return tell_lost();
  if (transaction_) drop_transaction();
  auto error = loss == Loss::kTransaction ? transaction_lost()
               : loss == Loss::kUnknown
                   ? error_of(FaultReason::kOutcomeUnknown, std::move(unknown))
                   : error_of(FaultReason::kServerLost, "the server connection was lost over the answer; run it again");
  if (sends_file_)
    after_file_ = std::make_unique<KeptError>(std::move(error));
  else
    answer_error(error.code, error.sqlstate, error.message);
}

// Of a definition that goes from shard to shard it is known where it has been.
std::string Session::outcome_unknown() const {
  auto text =
      "the connection to server " + link_->target().node->address.text + " was lost; the statement may have run";
  if (!spread_ || !spread_->one_after_the_other) return text;
  if (spread_->bulk && !spread_->bulk->rows.empty()) {
    const auto first = spread_->bulk->rows[spread_->at / spread_->bulk->copies].front();
    return text + " from row " + std::to_string(first + 1) + " on; the rows before are done";
  }
  const auto& shards = spread_->shards;
  text += " on " + shard_name(shards[spread_->at]);
  for (std::size_t i = 0; i < shards.size(); ++i)
    if (i != spread_->at)
      text += (i < spread_->at ? "; it has run on " : "; it has not run on ") + shard_name(shards[i]);
  return text;
}

// The client goes on sending its file, up to an empty packet, and listens only then.
void Session::swallow_file(const my::PacketHead& head) {
  pass_remaining_ = head.length;
  if (head.length > 0) return;
  sends_file_ = false;
  sequence_ = static_cast<std::uint8_t>(head.sequence + 1);
  const auto error = std::move(after_file_);
  answer_error(error->code, error->sqlstate, error->message);
}

// A transaction of a database with one shard was lost while nothing ran. ROLLBACK is what it needs; commands that are
// not answered cannot be told.
std::optional<Session::Step> Session::hear_of_loss(my::Command command, Packet packet) {
  auto* statement =
      command == my::Command::kStmtExecute || command == my::Command::kStmtBulkExecute ? statement_of(packet) : nullptr;
  switch (command) {
    case my::Command::kQuery:
    case my::Command::kStmtExecute: {
      if (command == my::Command::kStmtExecute && statement == nullptr) return std::nullopt;
      const auto effect = statement != nullptr ? effect_in(statement->text->text, *statement->text->state)
                                               : effect_in(packet.substr(my::kHeadBytes + 1), *state_);
      if (!effect.rolls_back) break;
      untold_ = false;
      status_ = static_cast<std::uint16_t>(status_ & ~kOpen);
      answer_ok();
      return Step::kConsumed;
    }
    case my::Command::kStmtBulkExecute:
    case my::Command::kStmtPrepare:
    case my::Command::kStmtFetch:
    case my::Command::kInitDb:
    case my::Command::kFieldList: break;
    default: return std::nullopt;
  }
  if (statement != nullptr) forget_data(*statement, client_number(packet));
  tell_lost();
  return Step::kConsumed;
}

void Session::tell_lost() {
  untold_ = false;
  drop_transaction();
  const auto error = transaction_lost();
  answer_error(error.code, error.sqlstate, error.message);
}

Session::Step Session::refuse_lost_data(ClientStatement& statement, std::uint32_t number) {
  forget_data(statement, number);
  const auto code = code_of(FaultReason::kServerLost);
  answer_error(code.number, std::string(code.sqlstate),
               "the values sent ahead of this execution were lost with their server connection; send them again");
  return Step::kConsumed;
}

}  // namespace shardway::proxy::mysql
