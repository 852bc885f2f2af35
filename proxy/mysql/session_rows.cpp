// The rows of a bulk execution, sorted by the shards they belong to: what is sent to each, or why it cannot be.
#include <algorithm>

#include "protocol/mysql/bulk_execution.hpp"
#include "proxy/mysql/session.hpp"
#include "proxy/mysql/sole_call.hpp"
#include "proxy/mysql/table_use.hpp"
#include "proxy/worker.hpp"
#include "router/table_names.hpp"

namespace shardway::proxy::mysql {

namespace my = protocol::mysql;
using protocol::Fault;
using protocol::FaultReason;
using router::Action;
using router::Statement;

namespace {

Fault not_supported(std::string message, std::string hint) {
  return {FaultReason::kNotSupported, std::move(message), std::move(hint), 0};
}

// Of a text whose facts say that it writes rows.
bool inserts(std::string_view sql, const router::MysqlMode& mode) {
  const auto words = words_of(sql, mode);
  return words.starts_with("insert ") || words.starts_with("replace ");
}

bool is_of_one_table(const Statement& facts) {
  return facts.sharded.size() + facts.reference_tables.size() + facts.single_tables.size() == 1;
}

std::size_t lists_of(const Statement& facts) {
  std::size_t lists = facts.numbered ? facts.numbered->rows : 1;
  for (const auto& use : facts.sharded)
    if (use.inserts) lists = std::max(lists, use.keys.size());
  return std::max<std::size_t>(lists, 1);
}

}  // namespace

// Looks at one row after the other. As long as all of them are one shard's nothing is copied.
class Session::RowSorter {
 public:
  RowSorter(Session& session, const Statement& facts, const Work& work, router::ParseSettings settings)
      : session_(session), facts_(facts), work_(work), settings_(std::move(settings)) {
    session_.database_->cache().find(work.sql, settings_, literals_);
    bulk_->is_one_statement = inserts(work.sql, settings_.mysql);
    bulk_->lists = lists_of(facts);
    bulk_->ignores =
        std::any_of(facts.sharded.begin(), facts.sharded.end(), [](const auto& use) { return use.ignores; });
    bulk_->is_of_one_table = is_of_one_table(facts);
    bulk_->statement = work.statement->text->id;
  }

  std::optional<Fault> sort() {
    const auto payload = work_.packet.substr(my::kHeadBytes);
    auto reader = my::BulkReader::open(payload, work_.statement->parameters);
    if (!reader) return malformed(reader.error());
    head_ = reader->head();
    my::BulkRow row;
    for (;; ++count_) {
      const auto more = reader->next(row);
      if (!more) return more.error() == protocol::WireError::kUnexpected ? wrong_arguments() : malformed(more.error());
      if (!*more) break;
      if (auto fault = look_at(row, reader->types())) return fault;
    }
    if (count_ == 0) return wrong_arguments();
    if (action_ == Action::kEveryShard && numbers_ && numbered_rows_ < count_)
      return not_supported(
          "AUTO_INCREMENT numbers for some rows only, in a bulk execution that writes a reference table",
          "give the numbers of all rows, or of none");
    return std::nullopt;
  }
  // The server's own error, where it would have one: told instead of what sort() says.
  const std::optional<KeptError>& error() const noexcept { return error_; }

  PlannedBulk planned() {
    PlannedBulk planned;
    planned.topology = session_.database_->cache().topology();
    planned.numbers = numbers_;
    planned.writes = writes_;
    auto& spread = planned.spread;
    spread.answer = Spread::Answer::kFirst;
    spread.is_held = true;
    if (action_ == Action::kEveryShard) {
      as_copies(spread);
    } else if (shards_.size() == 1) {
      planned.is_whole = true;
      spread.shards = shards_;
      spread.numbering = bulk_->numberings.front();
    } else {
      if (!numbers_) bulk_->numbered_part = last_part_;
      spread.one_after_the_other = !bulk_->is_one_statement;
      spread.shards = shards_;
      spread.commands = framed();
    }
    spread.bulk = std::move(bulk_);
    return planned;
  }

 private:
  std::optional<Fault> malformed(boost::system::error_code error) {
    error_ = error == protocol::WireError::kUnexpected ? not_in_bulk()
                                                       : KeptError{1835, "HY000", "Malformed communication packet"};
    return Fault{};
  }
  std::optional<Fault> wrong_arguments() {
    error_ = KeptError{1210, "HY000", "Incorrect arguments to mysqld_stmt_bulk_execute"};
    return Fault{};
  }

  std::optional<Fault> look_at(const my::BulkRow& row, const std::vector<std::uint32_t>& types) {
    if (auto fault = without_value(row)) return fault;
    parameters_.clear();
    for (const auto& value : row.values) parameters_.push_back({value, true});
    const auto plan = session_.plan_for(facts_, {&literals_, &parameters_, &types}, work_.sql, settings_);
    if (plan.action == Action::kRefuse) return *plan.fault;
    if (plan.action != Action::kOneShard && plan.action != Action::kEveryShard)
      return not_supported("this statement is not supported in bulk on a sharded database", "execute it alone");
    action_ = plan.action;
    numbers_ = numbers_ || plan.numbers;
    if (plan.numbers) ++numbered_rows_;
    writes_ = writes_ || may_write(facts_, plan);
    if (plan.action == Action::kEveryShard) {
      copies_ = {plan.shards.begin(), plan.shards.end()};
      ends_.push_back(row.bytes.data() + row.bytes.size() - work_.packet.data());
      if (plan.numbers) copy_numbering_ = plan.numbering;
    } else {
      place(row, session_.shard_of(facts_, plan), plan);
    }
    return std::nullopt;
  }

  // What the server puts there is not known here.
  std::optional<Fault> without_value(const my::BulkRow& row) const {
    const auto is_left_out = [&](std::size_t number) {
      return number > 0 && number <= row.indicators.size() && row.indicators[number - 1] >= my::Indicator::kDefault;
    };
    for (const auto& use : facts_.sharded)
      for (const auto& key : use.keys)
        if (key.source == router::ValueRef::Source::kParameter && is_left_out(key.index))
          return Fault{FaultReason::kNeedsKey,
                       "the shard key " + router::shown_key(session_.database_->topology().tables.all()[use.table]) +
                           " of row " + std::to_string(count_ + 1) + " of a bulk execution is left to the server",
                       "give it a value", 0};
    if (!facts_.writes_reference) return std::nullopt;
    for (std::size_t i = 1; i <= row.indicators.size(); ++i)
      if (is_left_out(i))
        return not_supported("DEFAULT and IGNORE in a bulk execution that writes a reference table",
                             "give every value itself");
    return std::nullopt;
  }

  void place(const my::BulkRow& row, router::ShardIndex shard, const router::Plan& plan) {
    const auto at = part_of(shard);
    if (at == shards_.size()) {
      if (at == 1) parts_.front() = work_.packet.substr(my::kHeadBytes, row.bytes.data() - head_.data());
      shards_.push_back(shard);
      bulk_->numberings.push_back({});
      bulk_->rows.emplace_back();
      parts_.emplace_back(at == 0 ? std::string_view() : head_);
    }
    if (shards_.size() > 1) parts_[at] += row.bytes;
    if (plan.numbers && !part_of_number_) part_of_number_ = bulk_->numbered_part = at;
    if (plan.numbers) bulk_->numberings[at] = plan.numbering;
    bulk_->rows[at].push_back(static_cast<std::uint32_t>(count_));
    last_part_ = at;
  }

  // Of an INSERT each shard has one part; else what follows on each other.
  std::size_t part_of(router::ShardIndex shard) const {
    const auto found = std::find(shards_.rbegin(), shards_.rend(), shard);
    const auto end = shards_.size();
    if (found == shards_.rend()) return end;
    const auto at = static_cast<std::size_t>(shards_.rend() - found) - 1;
    return bulk_->is_one_statement || at + 1 == end ? at : end;
  }

  std::vector<std::string> framed() const {
    std::vector<std::string> commands;
    for (const auto& part : parts_) {
      std::uint8_t sequence = 0;
      my::append_packets(commands.emplace_back(), sequence, part);
    }
    return commands;
  }

  // Row after row where a server would go on from one to the next, or where each copy has to be told the row's number.
  void as_copies(Spread& spread) {
    bulk_->copies = copies_.size();
    spread.one_after_the_other = spread.writes = true;
    spread.numbers = numbers_;
    const bool in_one = bulk_->is_one_statement && !numbers_;
    if (in_one) {
      spread.commands.emplace_back(work_.packet);
      spread.shards = copies_;
    } else {
      auto from = my::kHeadBytes + head_.size();
      for (const auto end : ends_) {
        const auto to = static_cast<std::size_t>(end);
        parts_.push_back(std::string(head_).append(work_.packet.substr(from, to - from)));
        bulk_->rows.push_back({static_cast<std::uint32_t>(bulk_->rows.size())});
        spread.shards.insert(spread.shards.end(), copies_.begin(), copies_.end());
        from = to;
      }
      spread.commands = framed();
    }
    bulk_->numberings.assign(spread.shards.size(), copy_numbering_);
  }

  Session& session_;
  const Statement& facts_;
  const Work& work_;
  const router::ParseSettings settings_;
  router::Literals literals_;
  std::vector<router::ParameterValue> parameters_;
  std::string_view head_;
  std::size_t count_ = 0, numbered_rows_ = 0, last_part_ = 0;
  std::optional<std::size_t> part_of_number_;
  std::optional<KeptError> error_;
  Action action_ = Action::kRefuse;
  bool numbers_ = false, writes_ = false;
  Shards shards_, copies_;            // of the parts; of a reference table
  std::vector<std::string> parts_;    // payloads
  std::vector<std::ptrdiff_t> ends_;  // of the rows, in the packet
  router::Numbering copy_numbering_;
  std::unique_ptr<Bulk> bulk_ = std::make_unique<Bulk>();
};

// What it is to be answered where it cannot run.
std::optional<Session::Step> Session::plan_bulk(const Statement& facts, const Work& work) {
  auto settings = parse_settings(*work.statement->text->state);
  settings.mysql.zero_is_number = parse_settings(*state_).mysql.zero_is_number;
  RowSorter sorter(*this, facts, work, settings);
  if (const auto fault = sorter.sort()) {
    if (!sorter.error()) return refuse(*fault);
    answer_error(sorter.error()->code, sorter.error()->sqlstate, sorter.error()->message);
    return Step::kConsumed;
  }
  bulk_ = std::make_unique<PlannedBulk>(sorter.planned());
  if (const auto fault = bulk_->numbers ? miscounts(work) : std::nullopt) return refuse(*fault);
  const auto fault = bulk_->is_whole ? std::nullopt : unable_to_spread(facts, work);
  return fault ? std::optional(refuse(*fault)) : std::nullopt;
}

// What one server would answer that several cannot.
std::optional<Fault> Session::unable_to_spread(const Statement& facts, const Work& work) const {
  const auto& spread = bulk_->spread;
  const bool is_one_statement = spread.bulk->is_one_statement;
  const auto no = [](std::string what, std::string hint) {
    return not_supported(std::move(what) + " in a bulk execution of several shards' rows", std::move(hint));
  };
  const std::string alone = "send the rows of one shard at a time";
  if (facts.returns_rows) return no("RETURNING", alone);
  if (work.traces->gives_insert_id) return no("LAST_INSERT_ID(x)", alone);
  if (facts.numbered && bulk_->numbers && (facts.numbered->ignores || facts.numbered->updates))
    return no("AUTO_INCREMENT numbers with IGNORE or ON DUPLICATE KEY UPDATE", "execute row by row");
  if (work.traces->pins != router::PinReason::kNone || work.traces->asks_about_last)
    return no("what binds its session to one shard", alone);
  if (is_bound() && pin_ != router::PinReason::kSessionMode)
    return Fault{FaultReason::kSeveralShards,
                 "the session is bound to one shard by " + pin_detail_ + ", and this bulk execution needs several",
                 "end what binds it, or use another connection", 0};
  if (auto fault = leaves_cursor({})) return fault;
  if (!is_one_statement && !spread.writes && !transaction_ && !next_characteristics_.empty())
    return no("SET TRANSACTION", "begin the transaction");
  if (is_one_statement || spread.writes || transaction_)
    return unable_to_write({spread.shards.begin(), spread.shards.end()});
  return std::nullopt;
}

}  // namespace shardway::proxy::mysql
