#include "proxy/postgres/operation.hpp"

#include <algorithm>
#include <utility>

#include "protocol/postgres/frame.hpp"

namespace shardway::proxy::postgres {

namespace pg = protocol::postgres;

namespace {

constexpr std::size_t kHeldFrameBytes = 256 * 1024;  // a bigger row passes in pieces, and alone

// Same names, types and formats; table and column numbers may differ from shard to shard.
bool same_shape(std::string_view a, std::string_view b) {
  const auto left = pg::decode_row_description(a.substr(pg::kHeadBytes));
  const auto right = pg::decode_row_description(b.substr(pg::kHeadBytes));
  if (!left || !right || left->size() != right->size()) return false;
  for (std::size_t i = 0; i < left->size(); ++i) {
    const auto& x = (*left)[i];
    const auto& y = (*right)[i];
    if (x.name != y.name || x.type != y.type || x.format != y.format) return false;
  }
  return true;
}

bool is_replica(const Link& link) noexcept { return link.target().node->role.load() == backend::Role::kReplica; }

std::string error_frame(std::string_view sqlstate, std::string_view message, std::string_view hint) {
  std::string frame;
  pg::encode::error(frame, {.sqlstate = sqlstate, .message = message, .hint = hint});
  return frame;
}

}  // namespace

bool is_of_replica(std::string_view sqlstate) noexcept {
  return sqlstate == "40001" || sqlstate == "40P01" || sqlstate == "0A000" || sqlstate == "25006";
}

Operation::Build query_of(std::string sql) {
  return [sql = std::move(sql)](Link& link) {
    std::string frame;
    pg::encode::query(frame, sql);
    link.owe(Reply::kQuery);
    return frame;
  };
}

void Operation::add(Link& link, Build build) {
  Part part;
  part.link = &link;
  part.build = std::move(build);
  parts_.push_back(std::move(part));
}

void Operation::start() {
  started_ = true;
  if (sequential_) {
    send_next();
    return;
  }
  for (auto& part : parts_) send(part);
}

// What the link owes from before (settings, BEGIN) is waited for as well.
void Operation::send(Part& part) {
  auto& link = *part.link;
  part.sent = true;
  link.out() += part.build(link);
  part.ready_count =
      static_cast<std::size_t>(std::count_if(link.owed().begin(), link.owed().end(), [](const Owed& owed) {
        return owed.reply == Reply::kSync || owed.reply == Reply::kQuery;
      }));
  link.flush();
}

void Operation::send_next() {
  for (auto& part : parts_) {
    if (part.done) continue;
    if (!part.sent) send(part);
    return;
  }
}

void Operation::show(std::string_view bytes) {
  show_description();
  has_shown_ = true;
  emit_(bytes);
}

void Operation::show_description() {
  if (std::exchange(description_due_, false)) emit_(description_);
}

bool Operation::involves(const Link& link) const noexcept {
  for (const auto& part : parts_) {
    if (part.link == &link) return true;
  }
  return false;
}

bool Operation::is_at_work(const Link& link) const noexcept {
  return std::any_of(parts_.begin(), parts_.end(),
                     [&link](const Part& part) { return part.link == &link && part.sent && !part.done; });
}

bool Operation::may_read(const Link& link) const noexcept {
  return (floor_ == nullptr || floor_ == &link) && is_at_work(link);
}

Operation::Part* Operation::part_of(const Link& link) noexcept {
  for (auto& part : parts_) {
    if (part.link == &link) return &part;
  }
  return nullptr;
}

void Operation::on_readable(Link& link, char* buffer, std::size_t size, const std::function<bool()>& may_emit) {
  auto* part = part_of(link);
  if (part == nullptr || part->done || (floor_ != nullptr && floor_ != &link)) {
    link.readable = true;
    return;
  }
  while (!part->done) {
    if (!may_emit()) {
      link.readable = true;
      return;
    }
    const auto got = link.read(buffer, size);
    std::string_view in(buffer, got.bytes);
    std::string joined;
    if (!link.held.empty()) {
      joined = std::move(link.held);
      link.held.clear();
      joined.append(in);
      in = joined;
    }
    const auto used = read_frames(*part, in, may_emit);
    link.held.assign(in.substr(used));
    if (got.closed || link.is_broken()) {
      on_lost(link);
      return;
    }
    link.readable = !got.drained;
    if (got.drained) break;
  }
  finish_if_over();
}

std::size_t Operation::read_frames(Part& part, std::string_view in, const std::function<bool()>&) {
  auto& link = *part.link;
  std::size_t at = 0;
  for (;;) {
    if (link.pass_remaining > 0) {
      const auto piece = in.substr(at, link.pass_remaining);
      if (shows(part)) show(piece);
      at += piece.size();
      link.pass_remaining -= piece.size();
      if (link.pass_remaining > 0) return at;
      floor_ = nullptr;
    }
    pg::FrameHead head;
    const auto state = pg::peek_head(in.substr(at), head);
    if (state == pg::HeadState::kBad) link.mark_broken();
    if (state != pg::HeadState::kOk) return at;
    if (in.size() - at >= head.size()) {
      on_frame(part, head.type, in.substr(at, head.size()));
      at += head.size();
      if (part.done) return at;
      continue;
    }
    if ((head.type == 'D' || head.type == 'd') && head.size() > kHeldFrameBytes) {
      floor_ = &link;
      if (head.type == 'D') ++part.rows;
      link.pass_remaining = head.size();
      continue;
    }
    return at;
  }
}

void Operation::on_frame(Part& part, char type, std::string_view frame) {
  auto& link = *part.link;
  const auto body = frame.substr(pg::kHeadBytes);
  const bool dropping = link.owes() && link.owed().front().drop;
  switch (type) {
    case 'D':
      if (dropping) return;
      ++part.rows;
      if (shows_rows() && shows(part) && error_.empty()) show(frame);
      return;
    case 'T':
      if (!dropping) on_description(part, frame);
      return;
    case 'C':
      if (dropping) return;
      if (const auto tag = pg::decode_command_complete(body)) part.tag = *tag;
      return;
    case '1':
    case '3': {
      const auto expected = type == '1' ? Reply::kParse : Reply::kClose;
      if (link.owes() && link.owed().front().reply == expected) link.owed().pop_front();
      return;
    }
    case 's': suspended_ = true; return;
    case 'E': on_error(part, frame); return;
    case 'Z': on_ready(part, body.empty() ? 'E' : body[0]); return;
    case 'S':
      if (const auto parameter = pg::decode_parameter_status(body))
        link.note_parameter(parameter->name, parameter->value);
      if (!dropping) part.statuses.put(frame);
      return;
    case 'N': {
      const auto notice = pg::decode_error(body);
      if (notice && notice->is_last_word()) return;  // on_lost() says the rest
      if (!dropping && (answer_ == Answer::kEnd || &part == &parts_.front())) show(frame);
      return;
    }
    case 'A': return show(frame);  // only where the session LISTENs
    case 'G': return is_copy() ? on_copy_response(part, frame) : link.mark_broken();
    case 'H':
    case 'd':
    case 'c': return parts_.size() == 1 ? show(frame) : link.mark_broken();  // COPY TO STDOUT of one shard
    case 'W': link.mark_broken(); return;
    default: return;  // BindComplete and the like: answered before, by the session
  }
}

void Operation::on_description(Part& part, std::string_view frame) {
  const bool is_expected =
      expected_columns_ == 0 || expected_columns_ == fingerprint_of_columns(frame.substr(pg::kHeadBytes));
  if (!is_expected && error_.empty()) {
    error_ = error_frame("0A000", kColumnsHaveChanged, {});
    part.failed = true;
  } else if (description_.empty()) {
    description_ = frame;
    description_due_ = describe_rows_ && shows_rows();
  } else if (!same_shape(description_, frame) && error_.empty()) {
    error_ = error_frame("0A000", "the shards describe the result differently",
                         "make the tables' column types equal on all shards");
    part.failed = true;
  }
}

void Operation::on_error(Part& part, std::string_view frame) {
  const auto error = pg::decode_error(frame.substr(pg::kHeadBytes));
  if (error && error->is_fatal()) part.link->mark_broken();
  if (error && error->is_fatal() && error->sqlstate.starts_with("57P0")) return;  // it goes: on_lost() says the rest
  part.failed = true;
  part.copying = false;
  if (error_.empty()) {
    error_ = frame;
    broken_off_ = error && is_of_replica(error->sqlstate) && is_replica(*part.link);
  }
  stop_others(part);
}

void Operation::stop_others(const Part& part) {
  for (auto& other : parts_) {
    if (&other != &part && other.sent && !other.done) stop(other);
  }
}

// A COPY that has all its data, or its CopyFail, ends by itself.
void Operation::stop(Part& part) {
  if (std::exchange(part.copying, false)) {
    pg::encode::copy_fail(part.link->out(), "another shard has failed");
    part.link->flush();
  } else if (cancel_part && !has_begun_copy_ && !part.failed) {
    cancel_part(*part.link);
  }
}

void Operation::on_copy_response(Part& part, std::string_view frame) {
  part.copying = true;
  if (!error_.empty()) return stop(part);
  if (&part == &parts_.front()) description_ = frame;
  for (const auto& other : parts_) {
    if (!other.copying) return;
  }
  has_begun_copy_ = true;
  emit_(description_);
  copy_begun_();
}

void Operation::feed_copy(char type, std::string_view frame) {
  for (auto& part : parts_) {
    if (!part.link->write_through(frame)) return on_lost(*part.link);
  }
  if (type == 'd') return;
  copy_ended_ = true;
  for (auto& part : parts_) part.copying = false;
}

void Operation::fail(std::string error_frame) {
  if (error_.empty()) error_ = std::move(error_frame);
  for (auto& part : parts_) {
    if (part.sent && !part.done) stop(part);
  }
}

bool Operation::tags_agree() const noexcept {
  return std::all_of(parts_.begin(), parts_.end(), [this](const Part& part) { return part.tag == parts_.front().tag; });
}

void Operation::on_ready(Part& part, char status) {
  auto& link = *part.link;
  link.status = status;
  auto& owed = link.owed();
  while (!owed.empty()) {  // what a Sync or Query ends, it ends with all before it
    const auto ended = owed.front();
    owed.pop_front();
    if (ended.reply == Reply::kSync || ended.reply == Reply::kQuery) break;
    link.undo(ended);  // skipped behind an error
  }
  link.note_ready();
  if (--part.ready_count > 0) return;
  part.done = true;
  if (sequential_ && error_.empty() && !suspended_) send_next();
}

void Operation::on_lost(Link& link) {
  link.mark_broken();
  auto* part = part_of(link);
  if (part == nullptr || part->done) return;
  part->failed = part->done = true;
  link.owed().clear();  // nobody waits for it any more: the loss is told by the operation, and not again
  lost_ = true;
  if (floor_ == &link) {
    cut_off_ = true;
    floor_ = nullptr;
  }
  if (error_.empty()) {
    told_of_loss_ = true;
    error_ =
        error_frame("08006", "the connection to shard server " + link.target().node->address.text + " was lost", {});
  }
  stop_others(*part);  // of a COPY they would wait for its data
  finish_if_over();
}

std::uint64_t Operation::rows() const noexcept {
  std::uint64_t sum = 0;
  for (const auto& part : parts_) sum += part.rows;
  return sum;
}

std::string Operation::tag() const {
  if (answer_ != Answer::kUnion) return parts_.front().tag;
  return "SELECT " + std::to_string(rows());
}

void Operation::finish_if_over() {
  if (over_) return;
  for (const auto& part : parts_) {
    const bool never_sent = !part.sent && (failed() || suspended_);
    if (!part.done && !never_sent) return;
  }
  over_ = true;
  if (!told_of_loss_ && !broken_off_) show_description();
  then_(*this);
}

}  // namespace shardway::proxy::postgres
