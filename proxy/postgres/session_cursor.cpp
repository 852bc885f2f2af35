// Row limits of Execute over several shards: the rows come shard after shard, and a portal left open on one of them
// remembers where the next Execute goes on. Such portals live in a transaction, the client's or one of ours up to Sync.
// A write with RETURNING is done at the first Execute; what it has returned waits here.
#include "protocol/postgres/messages.hpp"
#include "proxy/postgres/fault_code.hpp"
#include "proxy/postgres/session.hpp"
#include "proxy/worker.hpp"

namespace shardway::proxy::postgres {

namespace pg = protocol::postgres;
using router::Statement;

namespace {

constexpr std::size_t kKeptRowsBytes = 16 << 20;

// A tag ends in the number of rows: of those that this Execute has fetched.
std::string tag_with(const std::string& tag, std::uint32_t count) {
  return tag.substr(0, tag.rfind(' ') + 1) + std::to_string(count);
}

}  // namespace

Session::Step Session::fetch_rows(Portal& portal, const Statement& statement, const router::Plan& plan,
                                  std::uint32_t limit) {
  if (!transaction_) begin_implicit();
  for (auto& branch : branches_) {
    if (branch.dirty && settle_segment(branch) == Step::kBlocked) return Step::kBlocked;
  }
  if (!portal.cursor) {
    portal.cursor = std::make_shared<Cursor>();
    portal.cursor->name = "shardway_rows_" + std::to_string(++cursors_opened_);
    portal.cursor->shards.assign(plan.shards.begin(), plan.shards.end());
  }
  const auto cursor = portal.cursor;
  if (cursor->at == cursor->shards.size()) {
    answer("SELECT 0");
    return Step::kConsumed;
  }
  for (std::size_t i = cursor->at; i < cursor->shards.size(); ++i) {
    const auto enlisted = enlist(cursor->shards[i], replica_allowed(statement, plan, cursor->shards[i]));
    if (enlisted.blocked) return Step::kBlocked;
    if (enlisted.branch == nullptr) return fail_in_order(*enlisted.fault, enlisted.sqlstate);
  }
  note_start(statement, plan);
  for (const auto shard : cursor->shards)
    if (auto* branch = branch_on(shard)) branch->tells_time = true;
  const auto kept = keep_work(plan, {{}, &portal});
  auto operation = std::make_unique<Operation>(
      Operation::Answer::kUnion, true, false, [this](std::string_view bytes) { send(bytes); },
      [this, cursor](Operation& done) { finish_fetch(done, *cursor); });
  for (std::size_t i = cursor->at; i < cursor->shards.size(); ++i) {
    const bool continued = i == cursor->at && cursor->open;
    operation->add(*branch_on(cursor->shards[i])->link, [this, kept, cursor, continued, limit](Link& link) {
      std::string frames;
      if (!continued) bind_for(link, *kept, cursor->name, frames);
      const auto rest = limit == 0 ? 0 : limit - static_cast<std::uint32_t>(operation_->rows());
      pg::encode::execute(frames, cursor->name, rest);
      pg::encode::sync(frames);
      link.owe(Reply::kSync);
      return frames;
    });
  }
  operate(std::move(operation));
  return Step::kConsumed;
}

void Session::finish_fetch(Operation& operation, Cursor& cursor) {
  end_operation();
  if (operation_has_failed(operation)) return;
  for (const auto& part : operation.parts()) {
    if (part.done && !part.tag.empty()) ++cursor.at;
  }
  cursor.open = operation.suspended();
  if (cursor.open) {
    pg::encode::portal_suspended(reply());
  } else {
    answer(operation.tag());
  }
  resume();
}

// `bytes`: whole frames, but for a big one, which comes in pieces.
void Session::keep_row(Rows& rows, std::string_view bytes) {
  pg::FrameHead head;
  if (rows.lacks == 0) {
    if (bytes.front() != 'D') return send(bytes);
    if (pg::peek_head(bytes, head) == pg::HeadState::kOk) rows.lacks = head.size();
  }
  rows.lacks -= bytes.size();
  if (operation_->failed()) return;
  if (rows.frames.size() + bytes.size() <= kKeptRowsBytes) {
    rows.frames += bytes;
    return;
  }
  std::string error;
  encode_fault(error, {protocol::FaultReason::kTooLarge,
                       "rows of a RETURNING on several shards are kept for an Execute with a row limit up to " +
                           std::to_string(kKeptRowsBytes) + " bytes",
                       "fetch them without a limit", 0});
  operation_->fail(std::move(error));
}

void Session::hand_out(Rows& rows, std::uint32_t limit) {
  const auto begin = rows.at;
  const std::string_view frames = rows.frames;
  std::uint32_t count = 0;
  pg::FrameHead head;
  for (; (limit == 0 || count < limit) && pg::peek_head(frames.substr(rows.at), head) == pg::HeadState::kOk; ++count)
    rows.at += head.size();
  if (count > 0) send(frames.substr(begin, rows.at - begin));
  if (limit > 0 && count == limit)
    pg::encode::portal_suspended(reply());
  else
    pg::encode::command_complete(reply(), tag_with(rows.tag, count));
}

// The portals that `portal` has on servers are closed: a transaction may open many.
void Session::drop_cursor(Portal& portal) {
  const auto cursor = std::move(portal.cursor);
  if (!cursor) return;
  const auto touched = cursor->at + (cursor->open ? 1 : 0);
  for (std::size_t i = 0; i < touched; ++i) {
    auto* branch = branch_on(cursor->shards[i]);
    if (branch == nullptr || !branch->begun || branch->link->is_broken()) continue;
    pg::encode::close(branch->link->out(), pg::Target::kPortal, cursor->name);
    branch->link->owe(Reply::kClose, /*drop=*/true);
    branch->dirty = true;
    branch->flush_sent = false;
  }
}

}  // namespace shardway::proxy::postgres
