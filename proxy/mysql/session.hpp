// Session: one MySQL client connection, from the greeting to its end; the twin of postgres/session.hpp. It takes the
// client's commands one after the other (a client may send more before it has read), borrows a link for each, and
// passes the answer on. Between two commands it keeps the link only if a transaction is open or something is left
// behind on it that cannot be carried to another one: then the client is pinned, visibly, until that is over.
//
// A handler either consumes its packet or is blocked (it waits for a link); a blocked packet stays where it is and is
// handled again by resume(). Idle, a session holds no buffer.
//
// The parts, one file each: session.cpp (bytes in and out), session_login.cpp, session_command.cpp,
// session_prepared.cpp, session_cursor.cpp, session_last.cpp, session_kill.cpp, session_links.cpp (borrowing and giving
// back), session_waits.cpp, session_relay.cpp (answers), session_loss.cpp (connections that break), session_report.cpp;
// of those whose replicas are read session_replica.cpp; and of sharded databases session_route.cpp,
// session_transaction.cpp, session_spread.cpp, session_bulk.cpp, session_rows.cpp.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "protocol/mysql/login.hpp"
#include "proxy/backend/marks.hpp"
#include "proxy/client.hpp"
#include "proxy/database.hpp"
#include "proxy/mysql/last_statement.hpp"
#include "proxy/mysql/link.hpp"
#include "proxy/mysql/loss.hpp"
#include "proxy/mysql/statements.hpp"
#include "proxy/mysql/traces.hpp"
#include "proxy/mysql/transaction.hpp"
#include "proxy/net/outbox.hpp"
#include "router/planner.hpp"

namespace shardway::proxy {
class Worker;
}

namespace shardway::proxy::mysql {

// What a status says of a transaction that is open.
inline constexpr std::uint16_t kOpen =
    protocol::mysql::status::kInTransaction | protocol::mysql::status::kInReadOnlyTransaction;
// What it says of the session; the rest is about one statement.
inline constexpr std::uint16_t kLasting = kOpen | protocol::mysql::status::kAutocommit |
                                          protocol::mysql::status::kNoBackslashEscapes |
                                          protocol::mysql::status::kAnsiQuotes;

// Clients' numbers begin here, far from those of servers: the number of a server connection is nobody's by accident.
inline constexpr std::uint32_t kNumberBase = 1U << 30;

class Session final : public Client, public LinkOwner {
 public:
  Session(Worker& worker, int fd, std::size_t listener, std::uint64_t id);
  ~Session() override;

  void start() override;
  void on_events(std::uint32_t events) override;
  void on_link_events(Link& link, std::uint32_t events) override;
  void resume() override;
  void drain(std::string_view reason) override;
  void kill(std::string_view reason) override;
  bool cancel(std::string_view) override { return false; }
  void check_timeouts(net::Time now) override;
  void close_links_when_returned() override;
  void drop_stale_links() override;
  void adopt_generation() override;
  Database* database() noexcept override { return database_.get(); }
  const std::string& user() const noexcept override { return user_; }
  void report_wait() override;
  void leave_line(net::Time since);  // who has stood in it since then, if he still does, ends with 1213
  bool is_logging_in() const noexcept override { return phase_ < Phase::kReady; }
  router::PinReason pin() const noexcept override;
  stats::ClientRow row() const override;
  void add_server_rows(std::vector<stats::ServerRow>& rows) const override;
  void count(stats::PoolRow& pool) const override;

 private:
  enum class Phase : std::uint8_t { kGreeting, kTls, kProof, kReady, kClosed };
  enum class Step : std::uint8_t { kConsumed, kBlocked };
  using Packet = std::string_view;  // one packet, head included
  // A statement the client prepared, under the number it was told.
  struct ClientStatement {
    std::shared_ptr<const Statements::Text> text;
    Traces traces;
    std::uint16_t parameters = 0;
    std::string types;  // of the parameters, as the last execution that had them brought them
    bool has_long_data = false;
    bool lost_data = false;    // a value that came ahead of its execution, and could not be sent anywhere, or was lost
    bool lost_cursor = false;  // its rows went with the link they were kept on
  };
  // How one statement reaches a link: as the packet it came in, or as the execution of a prepared statement.
  struct Work {
    protocol::mysql::Command command;
    Packet packet;
    std::string_view sql;
    ClientStatement* statement = nullptr;
    const Traces* traces = nullptr;
  };
  struct Waiting {
    Pool* pool = nullptr;
    router::ShardIndex shard = 0;
    std::uint64_t ticket = 0;
    backend::HeldClients* held = nullptr;  // before the shard's gate, not in a pool's line: the ticket is of these
    net::Time since{};
    net::EventLoop::TimerId deadline = 0, retry = 0;
    std::unique_ptr<Link> link;  // granted
    std::optional<KeptError> fault;
  };

  // ---- session.cpp ----
  static constexpr std::size_t kClientBacklog =
      256 * 1024;  // held for a slow client before its server is no longer read
  void pump();
  std::size_t rest_of_packet() const noexcept;
  std::size_t consume(std::string_view in);
  std::size_t consume_packet(std::string_view in);
  std::size_t consume_file(std::string_view in, const protocol::mysql::PacketHead& head);
  bool stream_payload(const protocol::mysql::PacketHead& head, std::string_view in, std::size_t& used);
  std::size_t skip_payload(const protocol::mysql::PacketHead& head, std::string_view in, std::string why);
  void end_skipped();
  void send(std::string_view bytes);
  void turn_deaf();
  void flush_all();
  bool backlogged() const noexcept;
  bool is_unheard() const noexcept { return unheard_bytes_ > kClientBacklog; }
  void end_of_client();
  void abandon_links();
  void close();
  void fatal(std::uint16_t code, std::string_view sqlstate, std::string_view message);

  // ---- session_login.cpp ----
  void greet();
  std::string server_version() const;
  void continue_tls();
  void on_login_packet(Packet packet);
  void on_response(std::string_view payload);
  void login_step(protocol::mysql::LoginStep step);
  void refuse_login(std::uint16_t code, std::string_view sqlstate, const std::string& message);
  protocol::mysql::ClientSecret secret_of(const std::string& user) const;
  void begin_session();
  bool choose_database(const std::string& name);
  Step change_user(Packet packet);
  void begin_again();  // what a fresh connection has
  struct Identity {    // what a COM_CHANGE_USER that fails leaves as it was
    std::string user, database_name;
    std::uint8_t collation;
  };
  void keep_identity(std::uint16_t code, std::string_view sqlstate, const std::string& message);

  // ---- session_command.cpp ----
  Step on_command(Packet packet);
  Step on_query(Packet packet);
  Step init_db(Packet packet);
  Step forward(protocol::mysql::Command command, Packet packet, Packet asked = {});
  Step reset_connection();
  bool leave_link_clean();
  void answer_ok();
  void tell_ok();
  void answer_error(std::uint16_t code, std::string_view sqlstate, std::string_view message);
  bool busy() const noexcept { return link_ != nullptr && link_->owes(); }

  // ---- session_last.cpp ----
  void leave(const Traces& traces);
  void note_outcome();
  void keep_diagnostics();
  void note_rows_found();
  void note_told(const protocol::mysql::Ok& ok);
  bool tell_last(const Traces& traces, std::string_view sql);
  bool tell_diagnostics(const std::string& words, std::string_view sql);
  bool wants_diagnostics() const noexcept;
  void ask_for_diagnostics();
  bool wants_insert_id(bool kept) const noexcept;
  void ask_for_insert_id();
  void gather_insert_id(std::string_view payload);
  void end_insert_id();
  void end_diagnostics();
  bool gathers_diagnostics() const noexcept;
  void gather_diagnostics(std::string_view payload);
  bool tell_gone();
  bool find_last_link(const Traces& traces, router::ShardIndex shard);
  bool brings_insert_id(const Link& link) const noexcept;
  void bring_insert_id();
  bool loses_row_count(const Link& link, const Traces& traces) const noexcept;
  void restore_row_count();
  std::optional<Step> refuse_transaction(const Traces& traces);
  bool has_diagnostics_of_another(const Link& link) const noexcept;
  bool has_counts_of_another(const Link& link, const Traces& traces) const noexcept;
  void sweep();

  // ---- session_kill.cpp ----
  struct Killer {
    std::uint64_t id;
    std::string user;
  };
  std::uint32_t own_number() const noexcept;
  Step refuse_kill();
  std::optional<router::Kill> kill_in(std::string_view sql, const State& state);
  Step kill_by_text(std::string_view sql);
  Step kill_prepared(Packet packet, ClientStatement& statement);
  Step kill_by_command(Packet packet);
  Step kill_client(std::uint64_t number, bool query);
  static std::optional<KeptError> end_other(Client* client, const Killer& killer, std::uint64_t number, bool query);
  void interrupt(bool query);
  void kill_on_server(Link& link, bool query);
  bool awaits_kill() const noexcept;

  // ---- session_route.cpp: a sharded database, or one whose replicas are read ----
  bool is_planned() const noexcept;
  bool is_sharded() const noexcept;
  Step route_query(Packet packet);
  static std::string with_column_lists(const router::Query& query, std::string_view sql,
                                       const router::ParseSettings& settings);
  std::string with_columns(std::string_view sql);
  Step route_batch(const router::Query& query, const router::Values& values, const router::ParseSettings& settings,
                   const Work& work);
  Step route_execution(Packet packet, ClientStatement& statement);
  Step route(const router::Statement& statement, const router::Plan& plan, const Work& work);
  std::optional<Step> lost(router::StatementKind kind);
  Step session_statement(const router::Statement& statement, const Work& work);
  Step run_on(router::ShardIndex shard, bool replica_ok, const router::Statement& statement, const Work& work,
              bool writes = false, const router::Numbering& numbering = {});
  bool counts_by_itself() const;
  std::optional<protocol::Fault> miscounts(const Work& work) const;
  Step explain(const router::Statement& statement);
  Step refuse(const protocol::Fault& fault);
  bool put(const Work& work);
  bool stand_on(router::ShardIndex shard, bool replica_ok);
  std::unique_ptr<Link> unpark(router::ShardIndex shard);
  std::optional<Step> await_apply(router::ShardIndex shard);
  std::optional<protocol::Fault> kept_elsewhere(router::ShardIndex shard) const;
  std::optional<protocol::Fault> unready() const;
  std::optional<protocol::Fault> unpreparable(std::string_view sql);
  router::ShardIndex shard_of(const router::Statement& statement, const router::Plan& plan) const noexcept;
  router::ParseSettings parse_settings(const State& state) const;
  Quoting quoting_of(std::string_view sql) const;
  router::Plan plan_for(const router::Statement& statement, const router::Values& values, std::string_view sql,
                        const router::ParseSettings& settings) const;
  Step not_ready();
  bool is_bound() const noexcept;
  bool keeps_link() const noexcept;
  void note_doubt(protocol::FaultReason reason);
  void catalog_changed();
  bool catalog_is_current();

  // ---- session_replica.cpp: one shard ----
  Step route_to_node(const router::Statement& statement, const router::Plan& plan, const Work& work);
  bool on_replica() const noexcept;
  std::optional<Step> leave_replica(const router::Statement& statement, const router::Plan& plan, const Work& work);
  bool begins_on_replica(const router::Statement& statement, std::string_view sql) const;

  // ---- session_transaction.cpp: on a sharded database ----
  Step transaction_statement(const router::Statement& statement, const Work& work);
  Step begin(const router::Statement& statement, std::string_view sql);
  Step end_transaction(const router::Statement& statement, bool commit);
  Step set_characteristics(const router::Statement& statement, std::string_view sql);
  Step savepoint(const router::Statement& statement, const Work& work);
  std::optional<Step> end_before(const router::Statement& statement);
  std::optional<Step> end_failed();
  void drop_transaction();
  void name_transaction();
  std::unique_ptr<Transaction> next_transaction();
  void open_implicitly();
  bool enlist();
  bool announce_characteristics(const router::Statement& statement);
  void ask_each(std::string_view statements);
  void note_rollback(std::uint16_t code);
  void release_parked(bool clean);
  bool autocommits() const noexcept;
  const std::string* set_for_transactions(std::string_view of) const;
  bool reads_only() const;
  const std::string& isolation_on(const Link& link) const;
  void announce_transaction();
  void end_announcement(std::uint16_t error);
  void forget_characteristics();
  bool has_branches() const;
  Shards branches() const;
  std::uint16_t shown_status(std::uint16_t status) const noexcept;

  // ---- session_commit.cpp: in the order of the protocol ----
  std::optional<protocol::Fault> unable_to_write(const Shards& written) const;
  bool end_branches(bool commit);
  bool is_settled();
  void begin_end(bool commit);
  void begin_atomic(Shards writers);
  std::optional<bool> next_stage();
  std::optional<bool> one_phase_told();
  std::optional<bool> parts_prepared();
  std::optional<bool> agent_told();
  std::optional<bool> await_outcome();
  std::optional<bool> parts_applied();
  std::optional<bool> roll_back_all();
  std::optional<bool> abort_told();
  Shards failed_shards() const;
  void note_end_failed(KeptError error);
  void transaction_over();
  void abandon_commit();
  void close_broken();
  void tell(Link& link, std::initializer_list<std::string> statements);
  Link* link_on(router::ShardIndex shard) noexcept;
  const std::string& shard_name(router::ShardIndex shard) const;
  std::string xid_on(const Link& link) const;
  template <class Visit>
  void each_link(Visit visit) const {
    if (link_) visit(*link_);
    for (const auto& link : parked_) visit(*link);
  }

  // ---- session_spread.cpp: a statement on several shards ----
  Step run_everywhere(const router::Statement& statement, const router::Plan& plan, const Work& work);
  std::optional<protocol::Fault> unable_to_agree(const router::Statement& statement) const;
  Step on_branches(const Work& work);
  Step end_held();
  bool differs(const protocol::mysql::Ok& ok) const noexcept;
  bool gather(const Spread& spread, const Work& work);
  void ask_shards(Spread spread, const Work& work);
  void ask_shard();
  void take_link(router::ShardIndex shard);
  void advance_spread();
  bool hides(protocol::mysql::Part part) const noexcept;
  void absorb(const protocol::mysql::Seen& seen, std::string_view payload);
  void sum_up(protocol::mysql::Ok& ok);
  void add_up(const protocol::mysql::Ok& ok);
  std::optional<KeptError> told_otherwise(const protocol::mysql::Err& err);
  static bool opens_cursor_on_server(const Work& work) noexcept;

  // ---- session_bulk.cpp: a bulk execution on a sharded database ----
  class RowSorter;
  Step execute_bulk(Packet packet, ClientStatement& statement);
  Step route_bulk(Packet packet, ClientStatement& statement);
  std::optional<Step> plan_bulk(const router::Statement& facts, const Work& work);
  std::optional<protocol::Fault> unable_to_spread(const router::Statement& facts, const Work& work) const;
  Step run_bulk(const router::Statement& facts, const Work& work);
  void add_up_bulk(const protocol::mysql::Ok& ok);
  static std::string told_info(const Spread& spread);
  KeptError told_of_part(KeptError error) const;
  bool undo_bulk();

  // ---- session_prepared.cpp ----
  Step prepare(Packet packet);
  Step execute(Packet packet);
  Step send_long_data(Packet packet);
  Step close_statement(Packet packet);
  Step reset_statement(Packet packet);
  ClientStatement* statement_of(Packet packet);
  std::string with_types(Packet packet, ClientStatement& statement) const;
  static KeptError not_in_bulk();
  static std::string with_bulk_types(Packet packet, ClientStatement& statement);
  std::string complete(const Work& work) const;
  bool stream_statement(Packet in, const protocol::mysql::PacketHead& head, std::size_t& used);
  static void put_statement_number(std::string& out, std::uint32_t number, std::size_t packet_at = 0);
  bool is_on_link(const ClientStatement& statement);
  static std::uint8_t shift_of(Packet grown) noexcept;
  std::uint32_t client_number(Packet packet) const;
  void forget_data(ClientStatement& statement, std::uint32_t number);
  void unknown_statement(Packet packet, std::string_view what);
  void on_prepared(const Owed& owed, char* payload);
  std::vector<std::uint64_t> open_statements() const;

  // ---- session_cursor.cpp ----
  bool has_cursor(const Link& link) const noexcept;
  void forget_cursor(std::uint32_t number);
  void lose_cursors(const Link& link);
  std::optional<protocol::Fault> leaves_cursor(std::optional<router::ShardIndex> shard) const;
  Step fetch(Packet packet);

  // ---- session_links.cpp ----
  Pool& choose_pool(router::ShardIndex shard, bool replica_ok, bool& replica);
  bool take_link();
  void wait_before_gate(router::ShardIndex shard);
  bool is_only_held() const noexcept;
  bool is_only_pinned() const noexcept;
  void leave_gate();
  void ask_at_new_gate();
  void on_hold_deadline();
  bool borrow();  // false: blocked, or failed and said so (then blocked_ is not set)
  bool bring_up_to_state();
  void note_user_variables(State& state);
  bool count_by(const router::Numbering& numbering);
  void wait_for(Pool& pool);
  void on_granted(std::unique_ptr<Link> link, const backend::OpenFailure& failure);
  void on_wait_deadline();
  void stop_waiting();
  bool stands_in_line() const noexcept;
  void watch_line();
  void stop_watching();
  bool may_leave() const noexcept;
  bool client_has_gone();
  void watch_client();
  void leave_if_gone();
  void give_back(bool clean);
  void hand_back(std::unique_ptr<Link> link, bool clean);
  void pin_to(router::PinReason reason, std::string detail, bool carries = true);
  void unpin() noexcept;

  // ---- session_relay.cpp ----
  void read_link();
  class Relay;
  std::uint16_t status_of_old(const Link& link) const noexcept;
  static bool opens_cursor(const protocol::mysql::Seen& seen, std::string_view payload);

  // ---- session_answer.cpp ----
  void on_seen(const protocol::mysql::Seen& seen, std::string_view payload, std::uint8_t sequence, bool& forward);
  void on_sharded_error(const protocol::mysql::Err& err, std::uint8_t sequence, bool& forward);
  void on_ok(std::string_view payload, std::uint8_t sequence, bool& forward);
  void learn(const protocol::mysql::Ok& ok);
  std::string shown_items(std::string_view tracked) const;
  bool calls_user_function();
  void finish_answer();
  bool may_have_begun_unseen() const noexcept;
  void finish_tenancy(bool kept);
  void set_names(State& state) const;
  void finish_own_answer();
  void give_up_link();
  void stamp_link();

  // ---- session_loss.cpp: a server connection has broken ----
  void note_asked(protocol::mysql::Command command, Packet packet);
  void link_lost();
  bool drop_head();
  Breakage breakage();
  Effect effect_under_way();
  Effect effect_in(std::string_view sql, const State& state);
  void note_untold();
  void part_with_links();
  void forget_command();
  void ask_again(std::string asked);
  void end_unfinished();
  void lose_held();
  void tell_loss(Loss loss, std::string unknown);
  std::string outcome_unknown() const;
  void swallow_file(const protocol::mysql::PacketHead& head);
  std::optional<Step> hear_of_loss(protocol::mysql::Command command, Packet packet);
  void tell_lost();
  Step refuse_lost_data(ClientStatement& statement, std::uint32_t number);

  Worker& worker_;
  net::Stream stream_;
  net::Outbox out_;
  std::string input_;
  // The beginning of a result, up to its last definition, that has not come whole yet; and what the client had heard of
  // the answer ahead of it.
  struct Head {
    std::string bytes;
    std::uint8_t number_before = 0;
    bool begun_before = false;
  } head_;
  std::size_t at_hand_ = 0;         // bytes of the client's that are being consumed
  std::size_t pass_remaining_ = 0;  // bytes of the client's that go straight to the link
  bool payload_goes_on_ = false;    // the client's next packet continues a payload
  const std::uint16_t listener_;
  Phase phase_ = Phase::kGreeting;
  bool readable_ = true, eof_ = false, blocked_ = false, pumping_ = false, reading_ = false;
  bool draining_ = false, outdated_ = false, deaf_ = false, is_watched_ = false, watches_client_ = false;
  std::size_t unheard_bytes_ = 0;  // deaf: of answers
  bool sends_file_ = false;        // the server asked for one: the client's packets are its content
  bool link_is_ready_ = false;
  bool is_cleaning_ = false;                            // the link is reset before the client hears that it was
  bool told_ = false;                                   // borrow() has answered with an error
  bool locks_tables_ = false, finds_all_rows_ = false;  // LOCK TABLES, SQL_CALC_FOUND_ROWS: they keep the link
  bool inserts_ = false, loads_ = false;                // of the statement under way
  bool own_fault_harmless_ = false;                     // the link is as it was before
  bool asks_for_insert_id_ = false;                     // the statement under way does
  bool restores_row_count_ = false;                     // it asks for one that its link can be given again
  std::uint8_t insert_id_packets_ = 0;                  // of the answer to ask_for_insert_id(), and one; 0: not asked
  std::optional<std::uint64_t> insert_id_told_;
  bool asks_of_nothing_ = false;                       // it asks about the one before it, which has left nothing
  bool selects_ = false, begins_with_select_ = false;  // it may change FOUND_ROWS(); it does
  bool keeps_warnings_ = false;                        // it has no table
  bool saves_ = false, counts_ = false;                // it is a SAVEPOINT; it has NEXTVAL
  bool ends_transaction_ = false;
  bool begins_with_set_ = false;  // else a routine has changed what it reports
  bool answer_failed_ = false;
  bool ends_with_it_ = false;         // COMMIT RELEASE is under way
  std::string collation_named_;       // by the SET NAMES under way
  UserVariables user_variables_set_;  // by the SET under way
  bool was_wide_ = false;             // the statement under way runs on several shards
  bool own_variables_only_ = false;   // what the answer under way reports of variables is not the session's
  std::uint8_t sequence_ = 0;         // of the next packet of ours, where we answer ourselves
  protocol::mysql::Capabilities capabilities_ = 0;  // those offered, then those agreed on
  std::uint8_t collation_ = protocol::mysql::kUtf8mb4;
  std::string user_, database_name_, scramble_;
  std::unique_ptr<protocol::mysql::ClientLogin> login_;
  std::unique_ptr<Identity> before_change_;
  std::shared_ptr<const Generation> generation_;
  std::shared_ptr<Database> database_;
  backend::Pools<Link>::OfLogin* pools_ = nullptr;
  SharedState state_ = no_state();
  std::unique_ptr<Link> link_;                 // the one at hand
  std::vector<std::unique_ptr<Link>> parked_;  // those of other shards, kept for the transaction or the statement
  router::ShardIndex target_shard_ = 0;
  bool untold_ = false;           // its transaction is gone with the link: the next statement hears of it (one shard)
  bool carries_ = false;          // a pin that no other link can take over is there,
  bool carried_ = false;          // and was before the statement under way
  std::uint8_t asked_again_ = 0;  // how often this command was
  bool answer_begun_ = false;     // the client has something of the answer under way
  std::uint8_t number_told_ = 0;  // of the last packet of it, or of the file it asked for
  bool replica_ok_ = false, hints_ = false, changes_catalog_ = false;
  bool sees_nothing_ = false;                              // the statement under way cannot have seen or changed a row
  bool may_write_ = true;                                  // it is not known to read only
  std::unique_ptr<Transaction> transaction_, next_begun_;  // on a sharded database; what AND CHAIN begins
  std::unique_ptr<Spread> spread_;
  std::unique_ptr<PlannedBulk> bulk_;  // waits for its links
  std::optional<KeptError> end_error_;
  std::unique_ptr<KeptError> after_file_;     // told when the client has sent all of its file
  std::unique_ptr<KeptError> after_skipped_;  // told when the client has sent all of what is not taken
  std::unique_ptr<Spread> held_;              // answered, and not told before its transaction has ended
  std::string next_characteristics_;          // SET TRANSACTION …, and what it says
  std::string next_isolation_;
  std::optional<bool> next_access_mode_;  // true: READ ONLY
  std::uint64_t announced_on_ = 0;        // the link that was told so for the statement under way; 0: none
  std::uint64_t catalog_wanted_ = 0;      // 0: nothing to wait for
  net::Time catalog_deadline_{}, apply_deadline_{};
  backend::Marks marks_;
  std::unique_ptr<Waiting> waiting_;
  net::Time waits_since_{};  // of what is asked again before a new configuration's gate
  struct Killing {
    bool is_over = false;
    std::optional<KeptError> fault;
  };
  std::unique_ptr<Killing> killing_;  // a KILL under way
  static constexpr std::chrono::seconds kLongestKill{10};
  std::uint32_t kills_in_flight_ = 0;  // of what it runs; its next command waits for them, but not for ever
  net::Time last_kill_{};
  std::unique_ptr<std::unordered_map<std::uint32_t, ClientStatement>> statements_;
  std::uint32_t last_statement_ = 0;
  std::map<std::uint32_t, router::ShardIndex> cursors_;  // statements with an open cursor, and where
  std::set<std::uint32_t> with_data_;                    // statements with values ahead of their execution
  router::PinReason pin_ = router::PinReason::kNone;
  std::string pin_detail_;
  std::int64_t pin_since_ = 0;
  std::uint16_t status_ = protocol::mysql::status::kAutocommit;  // the last one the client was told
  LastStatement last_;
  bool sets_numbers_ = false;  // it has set what AUTO_INCREMENT numbers come from: nothing is known of them any more
  std::unique_ptr<KeptError>
      own_fault_;  // of what was asked to bring the link up to the state, or to end a transaction
  protocol::mysql::Command command_ = protocol::mysql::Command::kSleep;  // under way
  std::uint32_t command_statement_ = 0;                                  // of EXECUTE, FETCH: the client's number
  std::uint32_t preparing_ = 0;  // the client's number for what is being prepared
  net::Time command_since_{}, last_packet_{};
  const std::int64_t connect_time_;
  net::EventLoop::TimerId timer_ = 0;
};

}  // namespace shardway::proxy::mysql
