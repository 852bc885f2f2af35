#include <charconv>

#include "proxy/admin/commands.hpp"

namespace shardway::proxy::admin {

namespace {

std::vector<Column> switchover_columns() { return {{"step"}, {"state"}, {"ms", ColumnType::kInt8}, {"detail"}}; }

// 55000, object_not_in_prerequisite_state: what the Host refuses is, like PgBouncer's "database shop is not paused",
// about the state a thing is in. That the thing exists has been checked before.
void finish(const Done& done, std::string_view tag, const std::string& error) {
  done(error.empty() ? success(tag) : failure("55000", error));
}

void reload(Host& host, const Order&, Done done) {
  const std::string problems = host.reload();
  done(problems.empty() ? success("RELOAD") : failure("F0000", problems));
}

void pause_part(Host& host, const Order& order, Done done) {
  host.pause(order.part, order.timeout,
             [done = std::move(done)](const std::string& error) { finish(done, "PAUSE", error); });
}

void resume_part(Host& host, const Order& order, Done done) { finish(done, "RESUME", host.resume(order.part)); }

void drain_node(Host& host, const Order& order, Done done) {
  host.drain_node(order.part.node,
                  [done = std::move(done)](const std::string& error) { finish(done, "DRAIN", error); });
}

void undrain_node(Host& host, const Order& order, Done done) {
  finish(done, "UNDRAIN", host.undrain_node(order.part.node));
}

void disable_database(Host& host, const Order& order, Done done) {
  finish(done, "DISABLE", host.set_disabled(order.name, true));
}

void enable_database(Host& host, const Order& order, Done done) {
  finish(done, "ENABLE", host.set_disabled(order.name, false));
}

void reconnect_database(Host& host, const Order& order, Done done) {
  finish(done, "RECONNECT", host.reconnect(order.name));
}

void kill_database(Host& host, const Order& order, Done done) { finish(done, "KILL", host.kill(order.name)); }

void kill_client(Host& host, const Order& order, Done done) {
  std::uint64_t number = 0;
  std::from_chars(order.name.data(), order.name.data() + order.name.size(), number);
  host.kill_client(number, [done = std::move(done)](const std::string& error) { finish(done, "KILL_CLIENT", error); });
}

// Answered first: afterwards there may be nobody left to answer.
void shut_down(Host& host, const Order& order, Done done) {
  done(success("SHUTDOWN"));
  host.shutdown(order.name == "wait_for_clients");
}

// A row for each step, as it ends.
void switch_over(Host& host, const Order& order, Done done) {
  const auto tell = [done](const SwitchoverStep& step) {
    Answer answer = success("SWITCHOVER");
    answer.columns = switchover_columns();
    answer.rows = {row(step.step, step.state, step.milliseconds, step.detail)};
    answer.more = true;
    done(std::move(answer));
  };
  host.switchover(order.switchover, tell, [done](const std::string& error) {
    if (!error.empty()) return done(failure("55000", error));
    Answer answer = success("SWITCHOVER");
    answer.columns = switchover_columns();
    done(std::move(answer));
  });
}

void refuse_suspend(Host&, const Order&, Done done) {
  done(failure("0A000", "SUSPEND is not supported: PAUSE lets the running transactions end and starts no new one"));
}

void refuse_wait_close(Host&, const Order&, Done done) {
  done(failure("0A000", "WAIT_CLOSE is not supported: after RECONNECT, look at close_needed in SHOW SERVERS"));
}

}  // namespace

const std::vector<Action>& actions() {
  static const std::vector<Action> table = {
      {"RELOAD", Argument::kNone, reload,
       "reads the configuration file again: all of it or, if it has errors, nothing"},
      {"PAUSE", Argument::kPart, pause_part,
       "starts no new transaction; answers when all have ended; with TIMEOUT, resumes by itself"},
      {"RESUME", Argument::kPartNoTime, resume_part, "undoes PAUSE and KILL, and releases a shard that is held"},
      {"DRAIN", Argument::kNode, drain_node, "sends no new statement to a replica; answers when the last has ended"},
      {"UNDRAIN", Argument::kNode, undrain_node, "undoes DRAIN"},
      {"SWITCHOVER", Argument::kSwitchover, switch_over,
       "makes a replica the primary of its shard, without an error for any client; REHEARSE: all but the promotion",
       switchover_columns()},
      {"DISABLE", Argument::kDatabase, disable_database, "refuses new clients"},
      {"ENABLE", Argument::kDatabase, enable_database, "undoes DISABLE"},
      {"RECONNECT", Argument::kDatabaseOrAll, reconnect_database, "replaces server connections as they become idle"},
      {"KILL", Argument::kDatabaseOrAll, kill_database, "drops clients and servers and leaves the database paused"},
      {"KILL_CLIENT", Argument::kClient, kill_client, "drops one client; its id is in SHOW CLIENTS"},
      {"SHUTDOWN", Argument::kHowToStop, shut_down,
       "ends the program when the transactions have ended, or when all clients have left by themselves"},
      {"SUSPEND", Argument::kNone, refuse_suspend, "not supported"},
      {"WAIT_CLOSE", Argument::kDatabaseOrAll, refuse_wait_close, "not supported"},
  };
  return table;
}

}  // namespace shardway::proxy::admin
