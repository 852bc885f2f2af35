#include <charconv>

#include "proxy/admin/commands.hpp"

namespace shardway::proxy::admin {

namespace {

// 55000, object_not_in_prerequisite_state: what the Host refuses is, like PgBouncer's "database shop is not paused",
// about the state a thing is in. That the thing exists has been checked before.
void finish(const Done& done, std::string_view tag, const std::string& error) {
  done(error.empty() ? success(tag) : failure("55000", error));
}

void reload(Host& host, const std::string&, Done done) {
  const std::string problems = host.reload();
  done(problems.empty() ? success("RELOAD") : failure("F0000", problems));
}

void pause_database(Host& host, const std::string& database, Done done) {
  host.pause(database, [done = std::move(done)](const std::string& error) { finish(done, "PAUSE", error); });
}

void resume_database(Host& host, const std::string& database, Done done) {
  finish(done, "RESUME", host.resume(database));
}

void disable_database(Host& host, const std::string& database, Done done) {
  finish(done, "DISABLE", host.set_disabled(database, true));
}

void enable_database(Host& host, const std::string& database, Done done) {
  finish(done, "ENABLE", host.set_disabled(database, false));
}

void reconnect_database(Host& host, const std::string& database, Done done) {
  finish(done, "RECONNECT", host.reconnect(database));
}

void kill_database(Host& host, const std::string& database, Done done) { finish(done, "KILL", host.kill(database)); }

void kill_client(Host& host, const std::string& id, Done done) {
  std::uint64_t number = 0;
  std::from_chars(id.data(), id.data() + id.size(), number);
  finish(done, "KILL_CLIENT", host.kill_client(number));
}

// Answered first: afterwards there may be nobody left to answer.
void shut_down(Host& host, const std::string& how, Done done) {
  done(success("SHUTDOWN"));
  host.shutdown(how == "wait_for_clients");
}

void refuse_suspend(Host&, const std::string&, Done done) {
  done(failure("0A000", "SUSPEND is not supported: PAUSE lets the running transactions end and starts no new one"));
}

void refuse_wait_close(Host&, const std::string&, Done done) {
  done(failure("0A000", "WAIT_CLOSE is not supported: after RECONNECT, look at close_needed in SHOW SERVERS"));
}

}  // namespace

const std::vector<Action>& actions() {
  static const std::vector<Action> table = {
      {"RELOAD", Argument::kNone, reload,
       "reads the configuration file again: all of it or, if it has errors, nothing"},
      {"PAUSE", Argument::kDatabaseOrAll, pause_database, "starts no new transaction; answers when all have ended"},
      {"RESUME", Argument::kDatabaseOrAll, resume_database, "undoes PAUSE and KILL"},
      {"DISABLE", Argument::kDatabase, disable_database, "refuses new clients"},
      {"ENABLE", Argument::kDatabase, enable_database, "undoes DISABLE"},
      {"RECONNECT", Argument::kDatabaseOrAll, reconnect_database, "replaces server connections as they become idle"},
      {"KILL", Argument::kDatabaseOrAll, kill_database, "drops clients and servers and leaves the database paused"},
      {"KILL_CLIENT", Argument::kClient, kill_client, "drops one client; its id is in SHOW CLIENTS"},
      {"SHUTDOWN", Argument::kHowToStop, shut_down, "ends the program, waiting for transactions or for clients"},
      {"SUSPEND", Argument::kNone, refuse_suspend, "not supported"},
      {"WAIT_CLOSE", Argument::kDatabaseOrAll, refuse_wait_close, "not supported"},
  };
  return table;
}

}  // namespace shardway::proxy::admin
