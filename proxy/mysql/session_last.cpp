// What a statement leaves behind for the next one to ask about: LAST_INSERT_ID(), ROW_COUNT(), warnings, FOUND_ROWS().
// It is the client's, whichever connection that one runs on: some is told here, some brought along, and some keeps the
// connection. https://mariadb.com/kb/en/information-functions/ https://mariadb.com/kb/en/show-warnings/
#include <algorithm>
#include <charconv>

#include "protocol/mysql/execution.hpp"
#include "protocol/mysql/fields.hpp"
#include "proxy/mysql/session.hpp"
#include "proxy/mysql/sole_call.hpp"
#include "proxy/mysql/sql_mode.hpp"
#include "proxy/worker.hpp"

namespace shardway::proxy::mysql {

namespace my = protocol::mysql;

namespace {

my::NumberColumn count_of(std::string_view name) { return {name, my::NumberColumn::kLongLong, 21, 0xa0}; }

bool is_error(std::string_view row) {
  protocol::Reader reader(row);
  return my::lenenc_bytes(reader) == "Error";
}

}  // namespace

// What the command under way leaves behind on the link.
void Session::leave(const Traces& traces) {
  own_variables_only_ = traces.sets_for_statement;
  ends_with_it_ = traces.releases;
  saves_ = traces.saves;
  ends_transaction_ = traces.ends_transaction;
  counts_ = traces.counts;
  collation_named_ = traces.collation;
  user_variables_set_ = traces.user_variables;
  if (link_ && traces.outlives_reset) link_->close_when_returned();
  finds_all_rows_ = link_ && traces.finds_all_rows;
  const bool may_give = traces.asks_for_insert_id && traces.pins != router::PinReason::kNone;
  if (link_ && (traces.gives_insert_id || may_give)) link_->has_insert_id = true;
  selects_ = traces.selects;
  keeps_warnings_ = traces.keeps_warnings;
  begins_with_select_ = traces.begins_with_select;
  begins_with_set_ = traces.begins_with_set;
  inserts_ = traces.inserts || traces.loads;
  loads_ = traces.loads;
  if (link_ && traces.pins != router::PinReason::kNone) pin_to(traces.pins, std::string(traces.what));
}

void Session::note_outcome() {
  last_.link = link_->id();
  last_.shard = link_->target().shard;
  last_.is_gone = std::exchange(was_wide_, false) || (transaction_ && transaction_->is_single);
  last_.failed = answer_failed_;
  last_.is_row_count_elsewhere = false;
  if (std::exchange(inserts_, false) && (answer_failed_ || last_.row_count == -1 || loads_))
    link_->has_insert_id = true;
  if (answer_failed_) last_.row_count = -1;
  keep_diagnostics();
  note_rows_found();
}

// Servers keep warnings and errors over a statement without a table, and it may have run on another link.
void Session::keep_diagnostics() {
  const auto before = std::move(last_.before);
  if (!std::exchange(keeps_warnings_, false) || !before || !before->is_complete) return;
  if (last_.failed || last_.warnings > 0 || calls_user_function()) return;
  last_.diagnostics = std::make_unique<Diagnostics>(std::move(*before));
}

// A SELECT counts the rows found on its link; of what else has a SELECT in it, or rows, nobody knows whether it does.
void Session::note_rows_found() {
  const bool finds = std::exchange(begins_with_select_, false) && !answer_failed_;
  const bool may_find = std::exchange(selects_, false) || last_.row_count == -1;
  if (finds && !last_.is_gone) {
    last_.found_link = link_->id();
    link_->rows_found_of = id_;
  } else if ((finds || may_find) && (last_.is_gone || last_.found_link != link_->id())) {
    last_.found_link = 0;
  }
}

// Of an answer's last packet.
void Session::note_told(const my::Ok& ok) {
  last_.row_count = ok.header == 0x00 ? static_cast<std::int64_t>(ok.affected_rows) : -1;
  last_.warnings = ok.warnings;
}

// Answered here: what is known of the last statement, and the client's own number.
bool Session::tell_last(const Traces& traces, std::string_view sql) {
  if (!traces.asks_for_number && (!traces.asks_about_last || (last_.link == 0 && !last_.diagnostics))) return false;
  const auto mode = parse_settings(*state_).mysql;
  const auto call = sole_call(sql, mode);
  if (call && call->function == "connection_id") {
    last_.row_count = -1;
    last_.is_row_count_elsewhere = true;
    last_.found_link = 0;  // a row that no server has found
    my::encode_number(out_.tail(), sequence_, {call->column, my::NumberColumn::kLong, 10, 0xa1}, own_number(), status_,
                      capabilities_);
    return true;
  }
  if (call && call->function == "row_count") {
    const auto count = std::exchange(last_.row_count, -1);
    last_.is_row_count_elsewhere = true;
    last_.found_link = 0;
    my::encode_number(out_.tail(), sequence_, {call->column}, count, status_, capabilities_);
    return true;
  }
  if (!last_.diagnostics || !last_.diagnostics->is_complete || !tell_diagnostics(words_of(sql, mode), sql))
    return false;
  last_.row_count = -1;
  last_.is_row_count_elsewhere = true;
  return true;
}

bool Session::tell_diagnostics(const std::string& words, std::string_view sql) {
  const auto& payloads = last_.diagnostics->payloads;
  constexpr std::ptrdiff_t kColumns = 3;
  const auto rows = payloads.begin() + 1 + kColumns, end = payloads.end() - 1;
  const auto tell_count = [&](std::string_view column, bool errors) {
    last_.found_link = 0;
    const auto count = errors ? std::count_if(rows, end, is_error) : end - rows;
    my::encode_number(out_.tail(), sequence_, count_of(column), count, status_, capabilities_);
    return true;
  };
  if (words == "show count ( * ) warnings") return tell_count("@@session.warning_count", false);
  if (words == "show count ( * ) errors") return tell_count("@@session.error_count", true);
  const auto variable = sql.substr(std::min(sql.find("@@"), sql.size()));
  if (words == "select @@ warning_count") return tell_count(variable, false);
  if (words == "select @@ error_count") return tell_count(variable, true);
  if (words != "show warnings" && words != "show errors") return false;
  const bool of_old = (capabilities_ & my::capability::kDeprecateEof) == 0;
  const auto put = [&](const std::string& payload) { my::append_packets(out_.tail(), sequence_, payload); };
  std::for_each(payloads.begin(), rows, put);
  if (of_old) my::encode(out_.tail(), sequence_, my::Eof{0, status_});
  std::for_each(rows, end, [&](const std::string& row) {
    if (words == "show warnings" || is_error(row)) put(row);
  });
  auto told = *my::decode_ok(payloads.back(), my::capability::kSessionTrack);
  told.status = status_;
  told.tracked = {};
  if (of_old)
    my::encode(out_.tail(), sequence_, my::Eof{told.warnings, told.status});
  else
    my::encode(out_.tail(), sequence_, told, capabilities_);
  return true;
}

// A link that goes back is asked for them first, if there are any.
bool Session::wants_diagnostics() const noexcept {
  const bool is_statement = command_ == my::Command::kQuery || command_ == my::Command::kStmtExecute ||
                            command_ == my::Command::kStmtBulkExecute;
  return is_statement && !draining_ && !eof_ && !link_->is_broken() && !last_.is_gone &&
         (last_.warnings > 0 || last_.failed);
}

void Session::ask_for_diagnostics() {
  last_.diagnostics = std::make_unique<Diagnostics>();
  link_->ask(my::Command::kQuery, "SHOW WARNINGS");
  link_->flush();
}

// An error in place of them, as of a KILL that came late: then nothing is known. Too many stay where they are, as long
// as nobody else uses the link.
void Session::end_diagnostics() {
  constexpr std::size_t kFewest = 1 + 3 + 1;  // the number of columns, the columns, the end
  const bool failed = std::exchange(own_fault_, nullptr) != nullptr || last_.diagnostics->payloads.size() < kFewest ||
                      !my::decode_ok(last_.diagnostics->payloads.back(), my::capability::kSessionTrack);
  last_.is_row_count_elsewhere = true;
  last_.diagnostics->is_complete = true;
  if (!failed) return;
  last_.is_gone = last_.diagnostics->bytes <= Diagnostics::kMostBytes;
  last_.diagnostics.reset();
}

void Session::gather_diagnostics(std::string_view payload) {
  auto& diagnostics = *last_.diagnostics;
  diagnostics.bytes += payload.size();
  if (diagnostics.bytes > Diagnostics::kMostBytes)
    std::vector<std::string>().swap(diagnostics.payloads);
  else
    diagnostics.payloads.emplace_back(payload);
}

bool Session::gathers_diagnostics() const noexcept {
  return last_.diagnostics && !last_.diagnostics->is_complete && link_is_ready_;
}

// A statement that asks about the one before it, and that tell_last() cannot answer, has to run where that ran. The
// last insert's number is brought along (bring_up_to_state()); the rest is refused if another client has used that
// connection meanwhile.
bool Session::find_last_link(const Traces& traces, router::ShardIndex shard) {
  asks_for_insert_id_ = traces.asks_for_insert_id;
  if (!traces.asks_about_last) asks_of_nothing_ = false;
  restores_row_count_ = false;
  if (traces.asks_for_insert_id && last_.is_insert_id_lost && !traces.gives_insert_id) return tell_gone();
  if (!traces.asks_about_last || traces.asks_for_insert_id_only || waiting_) return true;
  const bool left_nothing = !last_.failed && last_.warnings == 0;
  if (traces.asks_later && left_nothing && !traces.asks_for_counts && !traces.asks_for_count) {
    asks_of_nothing_ = true;
    return true;
  }
  const auto wanted = traces.asks_for_count ? last_.sequence_link : last_.link;
  asks_of_nothing_ = wanted == 0 && !traces.asks_for_count;
  if (asks_of_nothing_) return true;
  const bool is_gone = last_.is_gone && !traces.asks_for_count;
  if (!is_gone && !link_ && shard == last_.shard) {
    bool replica = false;
    auto& pool = choose_pool(shard, false, replica);
    if (pool.node().takes_writes())
      link_ = pool.take_if([&](const Link& link) {
        return link.id() == wanted && link.last_user == id_ && !has_counts_of_another(link, traces);
      });
  }
  if (!is_gone && link_ && link_->id() == wanted && !has_counts_of_another(*link_, traces)) {
    asks_of_nothing_ = traces.asks_for_diagnostics && has_diagnostics_of_another(*link_);
    restores_row_count_ = traces.asks_for_row_count && loses_row_count(*link_, traces);
    return true;
  }
  return tell_gone();
}

bool Session::tell_gone() {
  answer_error(
      1235, "42000",
      "what the statement before left behind (warnings, row counts, a sequence's last value) is gone: it ran on "
      "another server connection, or another client has used that; ask in the same transaction");
  return false;
}

// What a client left there that used it before, unless a statement of this one has cleared it since.
bool Session::has_diagnostics_of_another(const Link& link) const noexcept {
  return link.diagnostics_of != 0 && link.diagnostics_of != id_;
}

// The rows found are not those of this client's last SELECT; or to take another one's warnings away would count anew.
bool Session::has_counts_of_another(const Link& link, const Traces& traces) const noexcept {
  if (!traces.asks_for_counts) return false;
  // No row changed, or a result, a link can be made to say again.
  const bool is_restorable = last_.row_count == 0 || (last_.row_count < 0 && !traces.asks_for_found_rows);
  if (traces.asks_for_row_count && !is_restorable && loses_row_count(link, traces)) return true;
  const bool found_elsewhere = last_.found_link != link.id() || link.rows_found_of != id_;
  return (traces.asks_for_found_rows && found_elsewhere) ||
         (traces.asks_for_diagnostics && has_diagnostics_of_another(link));
}

bool Session::loses_row_count(const Link& link, const Traces& traces) const noexcept {
  return last_.is_row_count_elsewhere || (traces.asks_for_insert_id && brings_insert_id(link));
}

void Session::restore_row_count() {
  link_->ask(my::Command::kQuery, last_.row_count == 0 ? "DO 0" : "SELECT 1");
  if (last_.row_count != 0) link_->rows_found_of = 0;
  last_.is_row_count_elsewhere = false;
}

// What the statement of another client has left is not for this one: no warnings, no rows changed, one found. Only a
// statement with a table clears the warnings.
void Session::sweep() {
  link_->ask(my::Command::kQuery, "SELECT 1 FROM (SELECT 1) AS one");
  link_->ask(my::Command::kQuery, "DO 0");
  link_->last_user = id_;
  last_.swept = link_->id();
  link_->diagnostics_of = link_->rows_found_of = 0;
}

bool Session::brings_insert_id(const Link& link) const noexcept {
  return link.insert_id_of != id_ && last_.insert_id != 0;
}

// A link begins with 0: what it has generated for this client since stands.
void Session::bring_insert_id() {
  link_->ask(my::Command::kQuery, "SET @@last_insert_id = IF(@@last_insert_id = 0, " + std::to_string(last_.insert_id) +
                                      ", @@last_insert_id)");
  link_->insert_id_of = id_;
  link_->has_insert_id = true;
}

// An OK tells of a number that was given and not generated, too, and LAST_INSERT_ID() does not change then; and of one
// that was generated it is not always told. So the server is asked before its link goes to anybody else: the next
// client's begins with 0. On several shards at once, so that one link alone has a number.
bool Session::wants_insert_id(bool kept) const noexcept {
  return link_->has_insert_id && (!kept || is_sharded()) && !eof_ && !link_->is_broken();
}

void Session::ask_for_insert_id() {
  insert_id_packets_ = 1;
  insert_id_told_.reset();
  link_->ask(my::Command::kQuery, "SELECT @@last_insert_id, LAST_INSERT_ID(0)");
  // With autocommit off that counts as the beginning of a transaction, which the next COMMIT would tell of.
  constexpr auto kBegunOrCommits = my::status::kAutocommit | my::status::kInTransaction;
  if (!is_sharded() && !link_->may_be_open && (link_->status & kBegunOrCommits) == 0) {
    link_->ask(my::Command::kQuery, "COMMIT");
  }
  link_->flush();
}

void Session::gather_insert_id(std::string_view payload) {
  constexpr std::uint8_t kRow = 4;  // behind the number of columns, and two of them
  if (insert_id_packets_ == kRow) {
    protocol::Reader reader(payload);
    std::uint64_t number = 0;
    const auto text = my::lenenc_bytes(reader).value_or(std::string_view());
    if (std::from_chars(text.data(), text.data() + text.size(), number).ec == std::errc()) insert_id_told_ = number;
  }
  if (insert_id_packets_ <= kRow) ++insert_id_packets_;
}

void Session::end_insert_id() {
  insert_id_packets_ = 0;
  last_.is_row_count_elsewhere = true;
  if (last_.found_link == link_->id()) last_.found_link = 0;
  link_->rows_found_of = 0;
  own_fault_.reset();
  if (!insert_id_told_) return;  // by a KILL that came late: the link is reset
  if (!link_->insert_id_is_partial && (*insert_id_told_ != 0 || link_->insert_id_of == id_)) {
    last_.insert_id = *insert_id_told_;
    last_.is_insert_id_lost = false;
  }
  link_->has_insert_id = link_->insert_id_is_partial = false;
  link_->insert_id_of = 0;
}

}  // namespace shardway::proxy::mysql
