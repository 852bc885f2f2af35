// Session: one client connection, from its first byte to its last. It reads the client's messages one after the other,
// asks the router for a plan, borrows links from the pools and passes the answers on. It lives on one thread for life.
//
// A message handler either consumes its message or is blocked (it waits for a link, or for answers); a blocked message
// stays where it is and is handled again, from its beginning, by resume(). Idle, a session holds no buffer.
//
// The parts, one file each: session.cpp (bytes in and out), session_login.cpp; the choice by plan: session_query.cpp
// (simple protocol), session_batch.cpp, session_plan.cpp, session_notes.cpp; the extended protocol:
// session_statement.cpp, session_portal.cpp, session_segment.cpp; session_transaction.cpp, session_modes.cpp,
// session_settings.cpp, session_commit.cpp; several shards: session_operation.cpp, session_cursor.cpp,
// session_time.cpp; session_links.cpp (borrowing and giving back), session_replica.cpp; session_waits.cpp (deadlocks),
// session_loss.cpp; session_relay.cpp (a server's answers), session_answer.cpp (our own); session_copy.cpp,
// session_console.cpp, session_report.cpp.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "protocol/postgres/copy_rows.hpp"
#include "protocol/postgres/frame.hpp"
#include "protocol/postgres/login.hpp"
#include "protocol/postgres/startup.hpp"
#include "proxy/admin/console.hpp"
#include "proxy/backend/marks.hpp"
#include "proxy/client.hpp"
#include "proxy/database.hpp"
#include "proxy/net/outbox.hpp"
#include "proxy/postgres/commit.hpp"
#include "proxy/postgres/loss.hpp"
#include "proxy/postgres/operation.hpp"
#include "proxy/postgres/prepared.hpp"
#include "proxy/postgres/statuses.hpp"
#include "proxy/postgres/transaction.hpp"

namespace shardway::proxy {
class Worker;
}

namespace shardway::proxy::postgres {

// It stays in the server's session when its statement fails and the transaction is rolled back.
bool outlives_errors(router::PinReason reason) noexcept;
// Nobody knows what is set afterwards.
bool hides_settings(router::PinReason reason) noexcept;

class Session final : public Client, public LinkOwner {
 public:
  Session(Worker& worker, int fd, std::size_t listener, std::uint64_t id);
  ~Session() override;

  void start() override;
  void on_events(std::uint32_t events) override;
  void on_link_events(Link& link, std::uint32_t events) override;
  void on_cancel_delivered() override;

  bool cancel(std::string_view secret) override;  // CancelRequest
  void resume() override;
  void drain(std::string_view reason) override;  // with 57P01
  void kill(std::string_view reason) override;
  void check_timeouts(net::Time now) override;
  void close_links_when_returned() override;
  void drop_stale_links() override;
  void adopt_generation() override;
  bool in_transaction() const noexcept { return transaction_ != nullptr || busy(); }
  Database* database() noexcept override { return database_.get(); }
  stats::ClientRow row() const override;
  void add_server_rows(std::vector<stats::ServerRow>& rows) const override;
  void count(stats::PoolRow& pool) const override;
  void report_wait() override;
  void break_deadlock(net::Time since);  // what has waited since then, if it still does, ends with 40P01
  bool waits() const noexcept { return waiting_ != nullptr; }
  bool is_logging_in() const noexcept override { return phase_ < Phase::kReady; }
  router::PinReason pin() const noexcept override { return pin_; }
  const std::string& user() const noexcept override { return user_; }

 private:
  enum class Phase : std::uint8_t { kStartup, kTls, kLogin, kWelcome, kReady, kConsole, kClosed };
  enum class Step : std::uint8_t { kConsumed, kBlocked };
  using Frame = std::string_view;  // a whole message, head included

  struct Cursor {      // how far a portal over several shards has been fetched
    std::string name;  // of the portal on each server
    std::vector<router::ShardIndex> shards;
    std::size_t at = 0;  // the shards before it have given all their rows
    bool open = false;   // shards[at] has given some
  };
  struct Rows {             // of a write with RETURNING that is done, as a server keeps them for its portal
    std::string frames;     // DataRows
    std::size_t at = 0;     // those before it have been fetched
    std::size_t lacks = 0;  // of the last one, whose end has not come
    std::string tag;
    std::uint32_t limit = 0;  // of the Execute that runs it
  };
  // A statement on its way: by simple Query, or as the Execute of a portal.
  struct Portal {
    std::shared_ptr<const ClientStatement> statement;  // that is run by us, or whose running is to be noted
    std::string bind;                         // kept only if it is run by us: the Bind message as the client sent it
    std::optional<router::ShardIndex> shard;  // it lives on a server; else it is run when it is executed
    std::shared_ptr<Cursor> cursor;           // fetched in portions from several shards
    std::shared_ptr<Rows> rows;               // or from here
    bool has_run = false;                     // it is run by us, and only once
    std::shared_ptr<const protocol::Fault> fault;  // it is there to be described only
  };
  struct Waiting {
    Pool* pool = nullptr;
    std::uint64_t ticket = 0;
    router::ShardIndex shard = 0;
    bool replica = false;
    backend::HeldClients* held = nullptr;  // before the shard's gate, not in a pool's line: the ticket is of these
    net::Time since{};
    net::EventLoop::TimerId deadline = 0, retry = 0;
    std::unique_ptr<Link> link;  // granted
    bool granted_on_replica = false;
    std::optional<protocol::Fault> fault;
    std::string fault_sqlstate;  // the server's own, if it refused
  };
  struct Script {  // several statements in one Query that do not go to one shard
    std::string text;
    std::shared_ptr<const router::Query> query;
    router::Literals literals;
    std::size_t next = 0;
  };
  struct CopyIn {  // COPY FROM on a sharded table: the first row says where
    std::string sql;
    std::shared_ptr<const router::Topology> topology;
    std::size_t table = 0;  // in topology->tables
    router::Statement statement;
    std::unique_ptr<protocol::postgres::CopyRows> rows;
    bool binary = false;
    std::optional<router::ShardIndex> shard;
    std::string held;  // messages until the shard is known and has answered
    bool sent = false, started = false;
    std::optional<protocol::Fault> fault;  // why it ends without anything kept
  };
  struct Enlisted {
    Branch* branch = nullptr;  // null: blocked, or refused (the error is in `fault`)
    bool blocked = false;
    std::optional<protocol::Fault> fault;
    std::string sqlstate;
  };

  // ---- session.cpp: bytes in and out ----
  static constexpr std::size_t kClientBacklog =
      256 * 1024;  // held for a slow client before its servers are no longer read
  void pump();
  std::size_t consume(std::string_view in);
  std::size_t consume_ready(std::string_view in);
  bool stream_message(std::string_view in, const protocol::postgres::FrameHead& head, std::size_t& used);
  Step dispatch(char type, Frame frame);
  void send(std::string_view bytes);  // to the client, in order
  std::string& reply() noexcept {
    retry_open_ = false;
    return out_.tail();
  }
  void turn_deaf();
  void flush_all();
  bool backlogged() const noexcept;
  void read_links();
  void close();
  void fatal(protocol::FaultReason reason, std::string message);
  void end_by_message_in_copy(char type);
  void end_of_client();
  bool busy() const noexcept {
    const bool copied = copy_ && !copy_->rows;  // all data has come; the server has not said yet what it thinks of it
    return awaiting_ready_ || operation_ != nullptr || script_ != nullptr || console_busy_ || held_ready_ || copied ||
           commit_ != nullptr;
  }

  // ---- session_login.cpp ----
  std::size_t consume_startup(std::string_view in);
  std::size_t on_startup_packet(std::string_view packet);
  void on_startup(const protocol::postgres::StartupMessage& message);
  void begin_tls();
  void continue_tls();
  void begin_login();
  void on_password(Frame frame);
  void login_step(protocol::postgres::LoginStep step);
  void begin_session();
  bool has_place(bool to_console);
  bool read_startup_settings(const protocol::postgres::StartupMessage& message, std::string& problem);
  void welcome();
  void finish_welcome(const Welcome& welcome);
  void refuse_login(std::string_view sqlstate, std::string message);

  // ---- session_query.cpp, session_plan.cpp ----
  Step on_query(Frame frame);
  Step run_simple(const router::Statement& statement, Frame frame, std::string_view sql);
  Step run_batch(const std::shared_ptr<const router::Query>& query, Frame frame, std::string_view sql);
  bool batch_goes_to_one_shard(const router::Query& query, std::string_view sql, router::Plan& plan);
  Step forward_query(const router::Plan& plan, Frame frame);
  Step forward_statement(const router::Statement& statement, const router::Plan& plan, Frame frame);
  void forget_unnamed();
  void forget_statements();
  Step on_query_in_segment(Branch& branch, Frame frame);
  Step end_segment_by_query();
  router::Plan unsharded_plan() const;
  void begin_script(const std::shared_ptr<const router::Query>& query, std::string_view sql);
  void continue_script();
  bool run_script_statement(const router::Statement& statement, std::string_view sql);
  Step on_function_call(Frame frame);
  Step run_session_statement(const router::Statement& statement, const router::Plan& plan, std::string_view sql,
                             Frame frame);
  router::Plan plan_for(const router::Statement& statement, const router::Values& values, std::string_view sql);
  void see_nulls(router::SessionView& view) const;
  bool keeps_local_settings() const noexcept;
  std::string reading_of(std::string_view text) const;
  std::string reading_of_parse(std::string_view text);
  bool has_constants(std::string_view text) const;
  bool knows_its_settings() const noexcept;
  const Settings& settings_in_force() const noexcept;
  bool is_read_otherwise(const ClientStatement& statement) const;
  bool is_on_a_link(const ClientStatement& statement) const;
  void note_local(const router::Statement& statement);
  void refuse_unreadable(const router::Statement& statement, std::string_view sql, router::Plan& plan) const;
  std::optional<protocol::Fault> forbidden_here(const router::Statement& statement) const;
  bool has_counted() const noexcept;
  static protocol::Fault currval_of_another();
  std::optional<protocol::Fault> cursor_elsewhere(const router::Statement& statement, const router::Plan& plan) const;
  std::optional<protocol::Fault> cursors_unseen(const router::Statement& statement, const router::Plan& plan) const;
  void note_cursor(const router::Statement& statement, const router::Plan& plan);
  std::optional<protocol::Fault> columns_in_doubt(const router::Query& query) const;
  void answer(std::string_view tag);  // CommandComplete, and the end of a simple Query
  void finish_simple();               // ReadyForQuery, unless a batch or a segment goes on
  void tell_ready();
  void fail_statement(const protocol::Fault& fault, std::string_view sqlstate = {});
  void fail_statement_frame(std::string_view error_frame);
  void note_refusal(protocol::FaultReason reason);
  void explain_statement(const router::Statement& statement);
  router::ParseSettings parse_settings() const;
  void note_start(const router::Statement& statement, const router::Plan& plan, bool has_run = true);
  void note_effects(const router::Statement& statement);
  void note_use(const router::Statement& statement, const router::Plan& plan);
  void catalog_changed();     // DDL of this session is in force
  bool catalog_is_current();  // false: the session waits for it to be read again
  char ready_status() const noexcept;

  // ---- session_operation.cpp: several shards at once ----
  struct Work {                      // how one statement reaches a link
    std::string_view sql;            // simple
    const Portal* portal = nullptr;  // extended
    std::string_view tag = {};       // told in place of the servers', whose rows are not shown
    std::string_view name = {};      // of the portal
  };
  Step run_on_shards(const router::Statement& statement, const router::Plan& plan, const Work& work);
  struct KeptWork {  // the same, for as long as the operation takes
    std::string sql;
    bool is_rewritten = false;
    std::string_view tag;                              // told in place of the servers'
    std::shared_ptr<const ClientStatement> statement;  // extended
    std::string bind;
  };
  std::string lock_of_copies(const router::Statement& statement) const;
  std::shared_ptr<const KeptWork> keep_work(const router::Plan& plan, const Work& work) const;
  std::string frames_for(Link& link, const KeptWork& work);
  void bind_for(Link& link, const KeptWork& work, std::string_view portal, std::string& frames);
  bool operation_has_failed(Operation& operation);
  std::string error_of(const Operation& operation) const;
  std::string message_to_repeat(const router::Plan& plan, const Work& work) const;
  void repeat(const Operation& operation);
  void report_partial_definition(const Operation& operation);
  // `cancels`: when one shard has failed, what still runs on the others is cancelled there.
  void operate(std::unique_ptr<Operation> operation, bool cancels = true);
  void start_operation();
  bool awaits_cancel() const noexcept;
  void cancel_behind_begin();
  void cancel_running();
  void end_operation();
  void finish_work(Operation& operation, bool simple, std::string_view tag, Rows* rows);
  void note_strings(const Link& link);
  void commit_implicit(std::function<void()> then);
  void on_every_branch(std::string_view command, std::function<void(Operation&)> then);
  void run_on_branch(Branch& branch, std::string_view sql, std::function<void(Operation&)> then);
  void run_on_begun(std::string_view sql, std::string_view tag);
  std::function<bool()> may_emit();

  // ---- session_time.cpp ----
  void see_time(const router::Statement& statement, router::SessionView& view, std::string& of_clock) const;
  std::optional<protocol::Fault> has_another_time(const router::Statement& statement, router::ShardIndex shard) const;
  void keep_segment_time(const router::Statement& statement);
  Step ask_time(const router::Statement& statement, const router::Plan& plan);
  // Of a row and the shard that has answered with it; false: it is no answer.
  using Told = std::function<bool(std::string_view row, router::ShardIndex shard)>;
  Step ask(router::ShardIndex shard, bool replica_ok, std::string_view sql, Told told);
  void asked(Operation& operation, std::string_view row, router::ShardIndex shard, const Told& told);
  Branch* first_begun() noexcept;

  // ---- session_cursor.cpp ----
  Step fetch_rows(Portal& portal, const router::Statement& statement, const router::Plan& plan, std::uint32_t limit);
  void finish_fetch(Operation& operation, Cursor& cursor);
  void drop_cursor(Portal& portal);
  void keep_row(Rows& rows, std::string_view bytes);
  void hand_out(Rows& rows, std::uint32_t limit);

  // ---- session_statement.cpp, session_portal.cpp, session_segment.cpp: the extended protocol ----
  Step on_parse(Frame frame);
  Step on_bind(Frame frame);
  Step on_describe(Frame frame);
  Step on_execute(Frame frame);
  Step on_close(Frame frame);
  Step on_flush(Frame frame);
  Step on_sync(Frame frame);
  std::shared_ptr<const ClientStatement> statement_named(std::string_view name) const;
  std::shared_ptr<const ClientStatement> analyzed(std::shared_ptr<const Prepared> prepared, std::uint64_t parse_number);
  void analyze(ClientStatement& statement);
  std::shared_ptr<const ClientStatement> analyzed_again(const ClientStatement& statement);
  bool is_named_otherwise(const ClientStatement& statement) const;
  // ---- session_columns.cpp ----
  using WrittenLists = std::vector<router::WrittenLists::Span>;
  std::string query_with_columns(const router::Query& query, std::string_view sql);
  void write_columns(ClientStatement& statement, const router::ParseSettings& settings);
  const WrittenLists* lists_behind(const Owed& owed) const;
  bool send_moved_error(Link& link, Frame frame, std::string_view position);

  void forget_unanswered_parses();
  void drop_unnamed();
  void store_statement(std::string_view name, std::shared_ptr<const ClientStatement> statement);
  std::shared_ptr<const ClientStatement> statement_for_bind(std::string_view name);
  Step bind_with_bad_key(const router::Plan& refused, const protocol::postgres::Bind& bind,
                         const ClientStatement& statement, Frame frame);
  Step refuse_number(const protocol::postgres::Bind& bind, std::size_t required);
  Step refuse_bind(const router::Plan& plan, const protocol::postgres::Bind& bind, std::size_t required);
  Step describe_statement(std::string_view name);
  void describe_explain();
  Step fail_bad_message();
  Step fail_no_portal(std::string_view name);
  Step fail_no_statement(std::string_view name);
  Step fail_read_otherwise(std::string_view name);
  std::optional<Step> columns_changed(Branch& branch, const ClientStatement& statement, std::string_view name);
  void describe_on(Branch& branch, const ClientStatement& statement, std::string_view name, bool drop);
  const ClientStatement* statement_of(const Owed& owed) const;
  void note_described(Link& link, protocol::Bytes columns);
  bool outdates_statement(Link& link);
  Portal* portal_named(std::string_view name);
  Portal* cursor_as_portal(std::string_view name);
  Portal& store_portal(std::string_view name);
  router::Plan plan_of_bind(const ClientStatement& statement, const protocol::postgres::Bind& bind, bool& bad_values);
  bool bind_on_server(const ClientStatement& statement, const router::Plan& plan, router::ShardIndex& shard) const;
  Enlisted segment_branch(router::ShardIndex shard, bool replica_ok);
  Enlisted describing_branch(router::ShardIndex shard, const router::Statement& statement);
  Step settle_segment(Branch& branch);
  void ensure_prepared(Branch& branch, const ClientStatement& statement, std::string_view client_name);
  Step forward_deferred();
  Step quiet();  // blocked until no branch owes an answer
  Step fail_in_order(const protocol::Fault& fault, std::string_view sqlstate = {});
  Step fail_held();
  Step end_segment(bool error_of_ours);
  Step forward_bind(const router::Plan& plan, const protocol::postgres::Bind& bind, const ClientStatement& statement,
                    router::ShardIndex shard, Frame frame);
  void bind_rewritten(Link& link, const router::Plan& plan, const protocol::postgres::Bind& bind,
                      const ClientStatement& statement);
  Step begin_on(Branch& branch);
  Step describe_virtual(const Portal& portal);
  Step execute_virtual(Portal& portal, const protocol::postgres::Execute& execute);
  Step run_portal(const Portal& portal, const router::Statement& facts, const router::Plan& plan,
                  std::string_view name);
  Step execute_again(const router::Statement& facts, std::string_view name);
  void restrict_portals();
  const router::Statement& facts_of(const ClientStatement& statement) const;

  // ---- session_transaction.cpp ----
  Step transaction_statement(const router::Statement& statement, std::string_view sql, Frame frame);
  Step begin_transaction(const router::Statement& statement, std::string_view sql);
  void begin_block(const router::Statement& statement, const std::string& set);
  Step end_transaction(const router::Statement& statement, Frame frame);
  void end_everywhere(bool commits, bool untold, const std::shared_ptr<Transaction>& next);
  Step savepoint_statement(const router::Statement& statement, std::string_view sql, Frame frame);
  Step everywhere_or_here(const router::Statement& statement, std::string_view sql, Frame frame,
                          const router::Plan& planned);
  void note_savepoint(const router::Statement& statement, std::string_view sql);
  void transaction_over(bool committed);
  void mark_failed();
  void mark_lost();
  static protocol::Fault transaction_lost();
  static protocol::Fault outcome_unknown(const std::string& address);
  void note_kind(router::StatementKind kind) noexcept;

  // ---- session_waits.cpp ----
  void widen();  // the transaction is open on a second shard, or about to be
  void stop_being_wide();
  bool stands_in_line() const noexcept;
  net::Time waits_since() const noexcept;  // {}: it does not wait
  void leave_line();
  bool may_leave() const noexcept;
  bool client_has_gone();
  void watch_client();
  void leave_if_gone();
  bool tell_why_cancelled(Frame error_frame);  // false: it was not Shardway that cancelled it
  bool lets_go_of(const Branch& branch) const noexcept;
  bool has_to_let_go() const noexcept;
  std::string undo_of_failed() const;
  bool let_go();
  Step reset_statement(const router::Statement& statement, const router::Plan& plan, std::string_view sql);
  bool resets_base(const router::Statement& statement) const;
  void absorb_effects();
  void begin_implicit();
  // `restored`: a RESET of theirs has brought the startup message's settings back.
  void apply_effects(Link& link, bool to_session = true, bool restored = false);
  void forget_effects() noexcept;
  void use_settings(SharedSettings settings);  // the session's from now on
  void roll_back_told(Transaction* next, bool untold);
  void finish_transaction(bool committed, Transaction* next);
  void chain(Transaction& next);
  void pin_to(router::PinReason reason, std::string_view detail);
  void end_pins();
  void keep_pin();

  // ---- session_modes.cpp ----
  Step set_transaction(const router::Statement& statement, std::string_view sql, Frame frame);
  bool has_written() const noexcept;
  std::string setting_of_modes(const router::Statement& statement, std::string_view set) const;
  void note_modes(const router::Statement& statement, std::string_view set);
  Step ask_modes();

  // ---- session_commit.cpp: in the order of the protocol ----
  std::optional<protocol::Fault> unable_here(const router::Statement& statement, const router::Plan& plan) const;
  std::optional<protocol::Fault> unable_to_write(const router::Plan& plan) const;
  void commit_everywhere(std::function<void(const CommitOutcome&)> then);
  void name_commit();
  void tell_readers();
  void readers_told(Operation& operation);
  void tell_agent();
  void agent_told(Operation& operation);
  void agent_lost();
  void await_outcome();
  void tell_parts();
  void parts_told(Operation& operation);
  void note_applied(const Operation& operation);
  void abort_commit(CommitOutcome outcome);
  void abort_told(Operation& operation);
  void end_commit(CommitOutcome outcome);
  void abandon_commit();
  std::unique_ptr<Operation> commit_operation(std::function<void(Operation&)> then);
  std::string gid_on(const Link& link) const;
  std::string shard_name(const Link& link) const;

  // ---- session_links.cpp ----
  Enlisted enlist(router::ShardIndex shard, bool replica_ok);
  bool exceeds_snapshot(router::ShardIndex shard) const noexcept;
  void wait_before_gate(router::ShardIndex shard);
  bool is_only_held() const noexcept;
  bool is_only_pinned() const noexcept;
  void leave_gate();
  void on_hold_deadline();
  Branch* branch_on(router::ShardIndex shard) noexcept;
  Branch* branch_of(const Link& link) noexcept;
  bool has_applied(router::ShardIndex shard, Enlisted& refused);
  Enlisted adopt(std::unique_ptr<Link> link, router::ShardIndex shard, bool replica, bool replica_ok);
  bool prepare_branch(Branch& branch);  // false: its settings are on their way
  std::size_t choose_node(router::ShardIndex shard, bool replica_ok, bool& replica);
  void wait_for(Pool& pool, router::ShardIndex shard, bool replica);
  void on_granted(std::unique_ptr<Link> link, const backend::OpenFailure& failure);
  void on_wait_deadline();
  void stop_waiting();
  void release(Branch& branch);
  void release_idle();
  void lose(Link& link);
  void stamp(const Branch& branch);

  // ---- session_replica.cpp ----
  bool is_hinted_to_primary(const router::Statement& statement) const noexcept;
  bool replica_allowed(const router::Statement& statement, const router::Plan& plan,
                       router::ShardIndex shard) const noexcept;
  bool is_open_on_replica(router::ShardIndex shard) const noexcept;
  bool stays_on_replica(const router::Query& query) const noexcept;
  bool may_leave_replica(const Branch& branch) const noexcept;
  Enlisted leave_replica(Branch& branch);
  static Enlisted refused_on_replica();
  static void note_time(Branch& branch, const router::Statement& statement, std::string_view text);
  bool breaks_off(const Link& link, Frame frame);
  void note_refusal_of_login(const backend::OpenFailure& failure);

  // ---- session_relay.cpp ----
  void relay(Link& link);
  std::size_t relay_frames(Link& link, std::string_view in);
  bool voids_answer(Link& link, Frame frame);
  enum class Disposition : std::uint8_t { kForward, kDrop, kReady };
  Disposition on_reply(Link& link, char type, Frame frame);
  Disposition on_error_reply(Link& link, Frame frame);
  Disposition on_copy_in_response(Link& link);
  void end_answer(Link& link, std::string_view rest, std::size_t ready_bytes, bool shown);
  void on_link_ready(Link& link, bool shown, bool withheld);
  void on_hidden_ready(Branch& branch);
  void emit_local_replies(Link& link);
  void link_lost(Link& link);
  Breakage breakage(const Branch& branch) const;
  bool other_owes(const Branch& branch) const noexcept;
  bool pins_transaction() const noexcept;
  void tell_loss(Loss loss, const std::string& address);
  void report_loss(const Link& link, bool is_asked, std::string_view loss) const;
  bool may_ask_again(const Branch& branch) const;
  bool is_repeatable(const Branch& branch) const noexcept;
  void keep_for_retry(Frame frame, std::size_t at_hand);
  std::size_t most_kept_for_retry() const noexcept;
  bool is_in_block() const noexcept { return transaction_ && transaction_->mode == Transaction::Mode::kExplicit; }
  bool is_spare(const Branch& branch) const noexcept;
  void drop_branch(Branch& branch);
  void drop_spare(router::ShardIndex needed);
  void ask_again();
  void note_finished();
  void note_ready(bool idle);

  // ---- session_copy.cpp ----
  Step begin_copy_in(const router::Statement& statement, std::string_view sql);
  void send_copy_as_portal(Branch& branch);
  Step on_copy_message(char type, Frame frame);
  Step on_sharded_copy_message(char type, Frame frame);
  bool copy_may_begin();
  bool copies_to(const Link& link) const noexcept;
  bool copy_row(std::optional<std::string_view> key, std::uint64_t row);
  Step start_copy_on_shard();
  void on_copy_started(Link& link);
  void end_copy_with(const protocol::Fault& fault);
  void end_copy();
  void begin_spread_copy(Operation& operation, const router::Statement& statement);
  Step on_spread_copy_message(char type, Frame frame);
  std::optional<protocol::Fault> clock_fault(char type, Frame frame);
  bool is_spread_copy() const noexcept { return operation_ != nullptr && operation_->is_copy(); }
  // The client sends CopyData, or may.
  bool takes_copy_data() const noexcept {
    return copy_link_ != nullptr || (copy_ && copy_->rows) || (operation_ && operation_->takes_copy_data());
  }

  // ---- session_console.cpp ----
  void on_console_message(char type, Frame frame);
  bool console_message(char type, Frame body);
  bool console_parse(Frame body);
  bool console_bind(Frame body);
  bool console_describe(Frame body);
  void console_lacks(std::string_view what, std::string_view name, std::string_view sqlstate);
  void console_execute(std::string_view command, bool simple);
  void console_answer(const admin::Answer& answer, bool simple);

  Worker& worker_;
  net::Stream stream_;
  net::Outbox out_;
  std::string input_;               // received and not consumed
  std::size_t at_hand_ = 0;         // bytes of the client's that are being consumed
  std::size_t pass_remaining_ = 0;  // bytes of a client message that go straight to pass_to_
  Link* pass_to_ = nullptr;         // null: they are dropped
  Phase phase_ = Phase::kStartup;
  bool readable_ = false, eof_ = false, deaf_ = false, pumping_ = false, reading_ = false, blocked_ = false;
  bool watches_client_ = false;
  bool awaiting_ready_ = false;  // Query or Sync is out, ReadyForQuery is owed to the client
  bool in_segment_ = false;      // extended messages since the last Sync
  bool skip_until_sync_ = false;
  bool error_seen_ = false;  // in this Query or segment
  bool is_spare_console_ = false;
  bool draining_ = false, outdated_ = false, rolled_back_ = false, console_busy_ = false, console_described_ = false,
       may_change_ = false, hints_ = false, is_wide_ = false, deadlock_victim_ = false, batch_sets_ = false,
       deallocates_all_ = false, query_ends_segment_ = false,
       was_idle_ = true;  // at the last ReadyForQuery
  struct LocalSettings {
    std::string search_path, encoding;  // as SET LOCAL printed them; empty: not said
    std::string reading;                // those that decide how constants are read
  };
  std::unique_ptr<LocalSettings> local_;  // of the transaction at hand
  bool standard_strings_ = true, serializable_default_ = false, snapshot_default_ = false, foreign_encoding_ = false,
       error_is_ours_ = false;
  bool strings_in_doubt_ = false;      // standard_conforming_strings was set in the pipeline under way
  bool is_outdated_ = false;           // what was asked comes again: not because a server was lost
  bool has_unknown_settings_ = false;  // something has run that may have set anything
  bool has_loaded_ = false;            // a library
  std::uint64_t own_readings_ = 0;     // numbers for what is prepared then
  // What the client has sent since it was last told something, while that only reads: if the server dies before it has
  // answered anything, it is asked again, or another node is.
  std::string retry_;
  bool retry_open_ = false;
  int asked_again_ = 0;        // of the statement under way
  bool off_replicas_ = false;  // one of them has broken it off: it is for the primary
  bool is_starting_ = false;   // an operation, by the message at hand
  bool comes_again_ = false;   // that message: its operation has broken at once
  Link* copy_link_ = nullptr;  // the server is in COPY FROM STDIN and takes the client's CopyData
  std::uint16_t listener_;
  std::string secret_;
  std::string user_;
  std::shared_ptr<const Generation> generation_;
  std::shared_ptr<Database> database_;
  backend::Pools<Link>::OfLogin* pools_ = nullptr;
  SharedSettings settings_ = no_settings(), base_settings_ = no_settings();
  std::unique_ptr<protocol::postgres::ClientLogin> login_;
  std::string database_name_;
  std::unique_ptr<Transaction> transaction_;
  Branches branches_;
  std::unique_ptr<Waiting> waiting_;
  net::Time waits_since_{};  // of what is asked again before a new configuration's gate
  std::unique_ptr<Operation> operation_;
  std::unique_ptr<Commit> commit_;
  std::unique_ptr<Script> script_;
  std::unique_ptr<CopyIn> copy_;
  // Of a COPY into every copy of a table: its columns that the copies would read by clocks of their own.
  std::vector<std::unique_ptr<protocol::postgres::CopyRows>> clock_columns_;
  using Statements = std::unordered_map<std::string, std::shared_ptr<const ClientStatement>>;
  std::unique_ptr<Statements> statements_;
  std::shared_ptr<const ClientStatement> unnamed_;
  std::vector<std::shared_ptr<const ClientStatement>> unnamed_before_;  // before Parses that may yet be skipped
  std::unique_ptr<WrittenLists> written_lists_;                         // into the Query under way
  bool cancel_next_ = false;  // the client has cancelled what waits for an earlier request to be delivered
  std::unique_ptr<std::pair<protocol::Fault, std::string>> held_fault_;  // waits for the answers before it
  std::uint64_t parses_taken_ = 0, parses_answered_ = 0;
  std::shared_ptr<const ClientStatement> deferred_;  // parsed by the client, not yet sent to a server
  std::unique_ptr<std::unordered_map<std::string, Portal>> portals_;
  std::unique_ptr<Portal> unnamed_portal_;
  std::uint64_t cursors_opened_ = 0;
  Statuses statuses_;                          // the client has not been told yet
  std::unique_ptr<std::string> segment_time_;  // of a segment that is no transaction yet, as a literal
  router::Literals batch_literals_;
  std::vector<router::Setting> effects_;  // of the statements under way
  SharedSettings coming_;                 // the settings with these; null: there are none
  router::PinReason pin_ = router::PinReason::kNone, pin_after_ = router::PinReason::kNone;
  std::string pin_detail_;
  std::unique_ptr<Cursors> held_cursors_;                       // every one that was declared WITH HOLD
  router::StatementKind kind_ = router::StatementKind::kEmpty;  // of the simple statement under way
  bool may_end_transaction_ = false;                            // something of the segment under way may
  backend::Marks marks_;
  bool changes_catalog_ = false, defines_routines_ = false;
  bool is_timed_out_ = false;         // by query_timeout: its servers have been asked to cancel it
  bool held_ready_ = false;           // ReadyForQuery waits for the new catalogue
  std::uint64_t catalog_wanted_ = 0;  // 0: nothing to wait for
  net::Time statement_since_{}, transaction_since_{}, catalog_deadline_{}, last_message_{}, apply_deadline_{};
  net::EventLoop::TimerId timer_ = 0;
  std::int64_t connect_time_ = 0, pin_since_ = 0;  // unix seconds
};

}  // namespace shardway::proxy::postgres
