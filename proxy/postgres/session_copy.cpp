// COPY FROM STDIN. On one server it passes through. On a sharded table the client is answered here, the first row says
// which shard it goes to, and every row is looked at: one that belongs elsewhere ends the COPY with nothing kept. Into
// a reference table every shard gets all of it, in one transaction.
#include <algorithm>

#include "protocol/common/bytes.hpp"
#include "protocol/postgres/messages.hpp"
#include "proxy/postgres/fault_code.hpp"
#include "proxy/postgres/session.hpp"
#include "proxy/worker.hpp"

namespace shardway::proxy::postgres {

namespace pg = protocol::postgres;
using protocol::Fault;
using protocol::FaultReason;

namespace {

constexpr std::string_view kClientFailed = "COPY from stdin failed: ";
constexpr std::size_t kMaxRowBytes = 16 << 20;
constexpr std::size_t kHeldBytes = 1 << 20;  // CopyData taken before the server has answered

bool contains(const std::vector<std::string>& list, const std::string& name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

pg::CopyOptions options_of(const router::CopyFacts& copy, const std::string& key) {
  pg::CopyOptions options;
  options.format = copy.format == "csv"      ? pg::CopyFormat::kCsv
                   : copy.format == "binary" ? pg::CopyFormat::kBinary
                                             : pg::CopyFormat::kText;
  const bool csv = options.format == pg::CopyFormat::kCsv;
  options.delimiter = copy.delimiter.empty() ? (csv ? ',' : '\t') : copy.delimiter[0];
  options.null = copy.null_given ? copy.null : csv ? "" : "\\N";
  if (!copy.quote.empty()) options.quote = copy.quote[0];
  options.escape = copy.escape.empty() ? options.quote : copy.escape[0];
  options.header = copy.header;
  options.force_null_key = contains(copy.force_null, key);
  options.force_not_null_key = contains(copy.force_not_null, key);
  return options;
}

// The columns of the stream in order: those named, or all of the table that are not generated; nothing if unknown.
std::vector<std::string> columns_of(const router::CopyFacts& copy, const router::Table& table,
                                    const router::Topology& topology) {
  if (!copy.columns.empty()) return copy.columns;
  std::vector<std::string> names;
  const auto* known = topology.catalog ? topology.catalog->columns(table.schema, table.name) : nullptr;
  if (known == nullptr) return names;
  for (const auto& column : *known) {
    if (!column.generated) names.push_back(column.name);
  }
  return names;
}

}  // namespace

Session::Step Session::begin_copy_in(const router::Statement& statement, std::string_view sql) {
  const auto topology = database_->cache().topology();
  const auto& table = topology->tables.all()[statement.sharded.at(0).table];
  const auto columns = columns_of(*statement.copy, table, *topology);
  const auto key = std::find(columns.begin(), columns.end(), table.key);
  if (key == columns.end()) {
    const bool unknown = columns.empty();
    fail_statement({FaultReason::kNeedsKey,
                    unknown ? "the columns of \"" + table.name + "\" are not known"
                            : "COPY into \"" + table.name + "\" without its shard key \"" + table.key + "\"",
                    "name the columns, \"" + table.key + "\" among them: COPY " + table.name + " (" + table.key +
                        ", …) FROM STDIN",
                    0});
    return Step::kConsumed;
  }
  copy_ = std::make_unique<CopyIn>();
  copy_->sql = sql;
  copy_->topology = topology;
  copy_->table = statement.sharded[0].table;
  copy_->statement = statement;
  const auto options = options_of(*statement.copy, table.key);
  copy_->binary = options.format == pg::CopyFormat::kBinary;
  copy_->rows = std::make_unique<pg::CopyRows>(options, static_cast<std::size_t>(key - columns.begin()), kMaxRowBytes);
  pg::encode::copy_in_response(reply(), copy_->binary ? 1 : 0, columns.size());
  return Step::kConsumed;
}

Session::Step Session::on_copy_message(char type, Frame frame) {
  if (copy_) return on_sharded_copy_message(type, frame);
  if (is_spread_copy()) return on_spread_copy_message(type, frame);
  if (copy_link_ == nullptr)
    return copy_may_begin() ? Step::kBlocked : Step::kConsumed;  // late ones are dropped, as by a server
  auto* branch = branch_of(*copy_link_);
  if (branch != nullptr) branch->flush_sent = false;
  auto& link = *copy_link_;
  if (type != 'd') copy_link_ = nullptr;
  if (!link.write_through(frame)) link_lost(link);
  return Step::kConsumed;
}

// What is under way takes the client's data, and its end has not been passed on.
bool Session::copies_to(const Link& link) const noexcept {
  return copy_ ? copy_->fault || copy_->rows || !copy_->started : copy_link_ == &link;
}

// CopyData that was sent without waiting for CopyInResponse: whether there is a COPY is not known yet.
bool Session::copy_may_begin() { return busy() || (in_segment_ && !skip_until_sync_ && quiet() == Step::kBlocked); }

bool Session::copy_row(std::optional<std::string_view> key, std::uint64_t row) {
  const auto& table = copy_->topology->tables.all()[copy_->table];
  auto found = router::shard_of_row(table, *copy_->topology, key, copy_->binary);
  if (found.fault) {
    found.fault->message += " (COPY " + table.name + ", row " + std::to_string(row) + ")";
    copy_->fault = std::move(*found.fault);
    return false;
  }
  if (!copy_->shard) copy_->shard = found.shard.value_or(copy_->topology->home);
  if (!found.shard || *copy_->shard == *found.shard) return true;
  const auto& shards = database_->config().shards;
  copy_->fault = Fault{FaultReason::kSeveralShards,
                       "COPY " + table.name + ", row " + std::to_string(row) + ": key " +
                           std::string(key.value_or("")) + " belongs to shard \"" + shards[*found.shard].name +
                           "\", the first row to \"" + shards[*copy_->shard].name + "\"",
                       "send the rows of each shard in a COPY of their own", 0};
  if (copy_->binary)
    copy_->fault->message =
        "COPY " + table.name + ", row " + std::to_string(row) + " belongs to another shard than the first row";
  return false;
}

Session::Step Session::on_sharded_copy_message(char type, Frame frame) {
  if (copy_->fault || !copy_->rows) return Step::kConsumed;  // it has ended
  if (copy_->shard && !copy_->started && copy_->held.size() > kHeldBytes) return Step::kBlocked;
  const auto on_key = [this](std::optional<protocol::Bytes> key, std::uint64_t row) { return copy_row(key, row); };
  auto fed = type == 'd'   ? copy_->rows->feed(frame.substr(pg::kHeadBytes), on_key)
             : type == 'c' ? copy_->rows->finish(on_key)
                           : protocol::Result<void>();
  if (!fed && !copy_->fault) {
    copy_->fault =
        copy_->rows->saw_end_marker() && !copy_->binary
            ? Fault{FaultReason::kNotSupported, "rows behind the end marker \\. of a COPY in csv are not supported",
                    "end the data there", 0}
            : Fault{FaultReason::kBadKey, "COPY data could not be read: " + fed.error().message(),
                    "check the format and the number of columns", 0};
  }
  if (type == 'f' && !copy_->fault && !copy_->shard) {
    const auto reason = protocol::Reader(frame.substr(pg::kHeadBytes)).cstring();
    copy_->fault =
        Fault{FaultReason::kNotSupported, std::string(kClientFailed) + std::string(reason.value_or("")), {}, 0};
    end_copy_with(*copy_->fault);
    copy_.reset();
    if (!transaction_) release_idle();
    finish_simple();
    return Step::kConsumed;
  }
  if (copy_->fault) {
    if (copy_->sent) {
      auto& link = *branch_on(*copy_->shard)->link;
      copy_->held.clear();
      copy_->rows.reset();  // a Sync is the end of what is to be skipped, not of a COPY
      if (copy_->started) pg::encode::copy_fail(link.out(), "ended by Shardway");
    } else {
      const auto fault = *copy_->fault;
      copy_.reset();
      stop_waiting();
      fail_statement(fault);
    }
    return Step::kConsumed;
  }
  if (!copy_->shard) {
    if (type != 'c') {
      copy_->held += frame;
      return Step::kConsumed;
    }
    copy_->shard = copy_->topology->home;  // no row at all, but perhaps a header that is not the table's
  }
  const bool complete = type != 'd';
  if (complete) copy_->rows.reset();
  if (!copy_->started) {
    copy_->held += frame;
    if (complete && in_segment_) pg::encode::flush(copy_->held);
    if (!copy_->sent) start_copy_on_shard();
    return Step::kConsumed;
  }
  auto& link = *branch_on(*copy_->shard)->link;
  if (!link.write_through(frame)) {
    link_lost(link);
  } else if (complete && in_segment_) {
    pg::encode::flush(link.out());  // the Sync waits until the server has said what it thinks of it
  }
  return Step::kConsumed;
}

Session::Step Session::start_copy_on_shard() {
  router::Plan plan;
  plan.action = router::Action::kOneShard;
  plan.rule = router::Rule::kCopyByRow;
  plan.writes = true;
  plan.shards.push_back(*copy_->shard);
  auto unable = unable_to_write(plan);
  if (!unable) unable = has_another_time(copy_->statement, *copy_->shard);
  Enlisted enlisted;
  if (!unable) enlisted = in_segment_ ? segment_branch(*copy_->shard, false) : enlist(*copy_->shard, false);
  if (enlisted.blocked) return Step::kBlocked;
  if (enlisted.branch == nullptr) {
    const auto fault = unable ? *unable : *enlisted.fault;
    copy_.reset();
    fail_statement(fault, enlisted.sqlstate);
    return Step::kConsumed;
  }
  note_start(copy_->statement, plan);
  auto& link = *enlisted.branch->link;
  copy_->sent = true;
  if (in_segment_) {
    send_copy_as_portal(*enlisted.branch);
    return Step::kConsumed;
  }
  pg::encode::query(link.out(), copy_->sql);
  link.owe(Reply::kQuery);
  awaiting_ready_ = true;
  return Step::kConsumed;
}

// In a pipeline the server is to wait for the client's Sync, as the client does.
void Session::send_copy_as_portal(Branch& branch) {
  auto& link = *branch.link;
  link.unnamed_statement = 0;
  pg::encode::parse(link.out(), {}, copy_->sql, {});
  link.owe(Reply::kParse, /*drop=*/true);
  pg::encode::bind(link.out(), {});
  link.owe(Reply::kBind, /*drop=*/true);
  pg::encode::execute(link.out(), {}, 0);
  link.owe(Reply::kExecute);
  branch.dirty = branch.executed = true;
  branch.flush_sent = true;  // the server answers an Execute of COPY at once
}

void Session::on_copy_started(Link& link) {
  copy_->started = true;
  if (copy_->fault) {
    pg::encode::copy_fail(link.out(), "ended by Shardway");
  } else {
    link.out() += copy_->held;
  }
  copy_->held.clear();
  worker_.resume_later(*this);
}

void Session::begin_spread_copy(Operation& operation, const router::Statement& statement) {
  clock_columns_.clear();
  for (const auto& column : statement.copy->clock_columns) {
    const auto options = options_of(*statement.copy, column.name);
    clock_columns_.push_back(std::make_unique<pg::CopyRows>(options, column.place, kMaxRowBytes));
  }
  operation.expect_copy([this] { worker_.resume_later(*this); });
}

Session::Step Session::on_spread_copy_message(char type, Frame frame) {
  if (!operation_->has_begun_copy()) return Step::kBlocked;
  if (!operation_->takes_copy_data()) return Step::kConsumed;  // it has failed, or ended
  if (const auto fault = clock_fault(type, frame)) {
    std::string error;
    encode_fault(error, *fault);
    operation_->fail(std::move(error));
  } else {
    operation_->feed_copy(type, frame);
  }
  return Step::kConsumed;
}

// 'now' and its like in a row: every copy would take its own time. Rows that cannot be read are the servers' to refuse.
std::optional<Fault> Session::clock_fault(char type, Frame frame) {
  std::optional<Fault> fault;
  const auto look = [&fault](std::optional<protocol::Bytes> value, std::uint64_t row) {
    if (!value || !router::may_read_the_clock(*value)) return true;
    fault = Fault{FaultReason::kNotSupported,
                  "COPY into every copy of a table, row " + std::to_string(row) +
                      ": 'now' and its like differ between the copies",
                  "write the time itself", 0};
    return false;
  };
  for (auto& rows : clock_columns_) {
    if (!rows || type == 'f') continue;
    const auto read = type == 'd' ? rows->feed(frame.substr(pg::kHeadBytes), look) : rows->finish(look);
    if (fault) return fault;
    if (read) continue;
    if (read.error() == protocol::WireError::kBadLength)
      return Fault{FaultReason::kTooLarge, "a row of this COPY is too long to be looked at", "use INSERT", 0};
    rows.reset();
  }
  return std::nullopt;
}

// What the client is told in place of the server's own word for the CopyFail.
void Session::end_copy_with(const Fault& fault) {
  std::string_view sqlstate = fault.message.starts_with(kClientFailed) ? "57014" : "";
  if (sqlstate.empty()) {
    encode_fault(reply(), fault);
  } else {
    pg::encode::error(reply(), {.sqlstate = sqlstate, .message = fault.message});
  }
  error_seen_ = true;
  if (transaction_) transaction_->failed = true;
  if (in_segment_) skip_until_sync_ = error_is_ours_ = true;
}

}  // namespace shardway::proxy::postgres
