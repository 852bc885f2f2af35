#include "proxy/transaction/recovery.hpp"

#include <algorithm>
#include <condition_variable>
#include <csignal>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "proxy/control/postgres_control_link.hpp"
#include "proxy/log.hpp"
#include "proxy/transaction/fault_point.hpp"
#include "proxy/transaction/store.hpp"
#include "proxy/transaction/store_link.hpp"

namespace shardway::proxy::transaction {

namespace {

using backend::Node;

constexpr std::chrono::milliseconds kRound{1000};
constexpr std::chrono::seconds kCollectOften{2}, kCollectSeldom{600};
constexpr char kMysqlSetup[] = "SET SESSION innodb_lock_wait_timeout = 2, autocommit = 1";
constexpr long kAgeToRecover = 5;  // seconds: its owner is done with it in milliseconds, if it lives

std::vector<std::string> split(const std::string& parts) {
  std::vector<std::string> names;
  for (std::size_t at = 0; at <= parts.size();) {
    const auto comma = std::min(parts.find(',', at), parts.size());
    names.push_back(parts.substr(at, comma - at));
    at = comma + 1;
  }
  return names;
}

std::string quoted_identifier(const std::string& name) {
  std::string quoted = "\"";
  for (const char c : name) quoted.append(c == '"' ? 2 : 1, c);
  return quoted + "\"";
}

// What the user logs in to the servers with; empty: it is not known in clear.
std::string password_of(const config::Config& config, const std::string& server_user) {
  for (const auto& user : config.users) {
    if ((user.server_user.empty() ? user.name : user.server_user) != server_user) continue;
    if (!user.server_password.empty()) return user.server_password;
    if (!user.password.starts_with("md5") && !user.password.starts_with("SCRAM-SHA-256$")) return user.password;
  }
  return {};
}

// A prepared part as a server lists it.
struct Part {
  std::size_t shard = 0;
  std::string gid, owner;
  long age = 0;
};

// One transaction as a round finds it.
struct Case {
  Name name;
  std::optional<Entry> ours;  // handed over by a session of this process
  std::vector<Part> prepared;
  std::string why;  // why it is not over
  std::optional<bool> committed;
};

}  // namespace

struct Recovery::Impl {
  Impl(std::shared_ptr<backend::Backend> watched, std::shared_ptr<const config::Config> configured)
      : backend(std::move(watched)),
        config(std::move(configured)),
        ledger(*backend->ledger),
        store(store_of(backend->config.protocol)) {}

  void run();
  void round();
  void ensure_stores();
  bool ensure_store(std::size_t shard);
  std::map<std::string, Case> look();
  void add_prepared(std::size_t shard, std::map<std::string, Case>& cases);
  long age_of(const std::string& gid);
  void resolve(Case& one);
  bool decide(Case& one);
  bool finish_part(Case& one, const Part& part);
  bool is_gone(Case& one, const Part& part);
  bool is_applied_everywhere(Case& one);
  void break_deadlocks();
  void collect_garbage();
  void collect_others_garbage();
  bool forget(std::size_t shard, const std::vector<std::string>& gtxs, bool decisions);

  Node* primary(std::size_t shard) const;
  std::optional<std::size_t> shard_named(const std::string& name) const;
  StoreLink& link(std::size_t shard, const std::string& user = {});

  std::shared_ptr<backend::Backend> backend;
  std::shared_ptr<const config::Config> config;
  Ledger& ledger;
  const Store& store;
  std::map<std::string, std::chrono::steady_clock::time_point> first_seen;  // of parts whose age no server tells
  std::atomic<bool> stopping{false};
  std::map<std::pair<const Node*, std::string>, StoreLink> links;  // of this round
  std::set<std::size_t> unlisted;                                  // shards that could not be asked in this round
  std::set<std::string> complained;                                // each complaint once
  std::map<std::uint64_t, std::int64_t> last_circle;               // client -> its statement, as found a round ago
  std::chrono::steady_clock::time_point collected{}, collected_others{};
  std::mutex mutex;
  std::condition_variable first_round;
  bool ready = false;
  std::thread thread;
};

Node* Recovery::Impl::primary(std::size_t shard) const {
  const auto& nodes = *backend->shards[shard];
  const auto at = nodes.primary.load();
  return at < 0 ? nullptr : nodes.nodes[static_cast<std::size_t>(at)].get();
}

std::optional<std::size_t> Recovery::Impl::shard_named(const std::string& name) const {
  for (std::size_t i = 0; i < backend->shards.size(); ++i) {
    if (backend->shards[i]->name == name) return i;
  }
  return std::nullopt;
}

// To the shard's primary; as `user` if its password is known, else as the control user, in that one's role if it may.
StoreLink& Recovery::Impl::link(std::size_t shard, const std::string& user) {
  auto* node = primary(shard);
  const auto key = std::make_pair(static_cast<const Node*>(node), user);
  if (const auto known = links.find(key); known != links.end()) return known->second;
  if (backend->config.protocol == config::Protocol::kMysql) {
    auto opened = control::make_control_link(backend->config, node->address);
    return links.try_emplace(key, std::move(opened), kMysqlSetup, stopping).first->second;
  }
  auto parameters = control::connect_parameters(backend->config, node->address);
  parameters.emplace_back("application_name", "shardway recovery");
  parameters.emplace_back("options",
                          "-c statement_timeout=5000 -c lock_timeout=2000 -c search_path=pg_catalog -c jit=off"
                          " -c synchronous_commit=on -c default_transaction_read_only=off"
                          " -c default_transaction_isolation=read\\ committed");
  std::string setup;
  if (!user.empty() && user != backend->config.control.user) {
    if (const auto password = password_of(*config, user); !password.empty()) {
      parameters.emplace_back("user", user);
      parameters.emplace_back("password", password);
    } else {
      setup = "SET ROLE " + quoted_identifier(user);
    }
  }
  auto opened = std::make_unique<control::PostgresControlLink>(std::move(parameters));
  return links.try_emplace(key, std::move(opened), std::move(setup), stopping).first->second;
}

void Recovery::Impl::run() {
  while (!stopping) {
    round();
    {
      const std::lock_guard lock(mutex);
      ready = true;
      first_round.notify_all();
    }
    if (!stopping) ledger.wait(kRound);
  }
}

void Recovery::Impl::round() {
  unlisted.clear();
  ensure_stores();
  auto cases = look();
  std::vector<Entry> others;
  for (auto& [text, one] : cases) {
    if (stopping) break;
    if (!one.ours && one.prepared.front().age < kAgeToRecover) continue;
    resolve(one);
    if (one.ours || one.why.empty()) continue;
    Entry entry;
    entry.name = one.name;
    entry.state = !one.committed ? State::kInDoubt : *one.committed ? State::kApplying : State::kAborting;
    for (const auto& part : one.prepared) entry.parts.push_back(backend->shards[part.shard]->name);
    entry.since = std::chrono::system_clock::now() - std::chrono::seconds(one.prepared.front().age);
    entry.why = one.why;
    others.push_back(std::move(entry));
  }
  ledger.note_found(std::move(others));
  break_deadlocks();
  collect_garbage();
  links.clear();
}

void Recovery::Impl::ensure_stores() {
  for (std::size_t shard = 0; shard < backend->shards.size(); ++shard) {
    auto* node = primary(shard);
    if (node == nullptr || node->max_prepared <= 0) continue;
    if (node->store == Node::Store::kThere || (node->store == Node::Store::kMissing && ensure_store(shard)))
      node->commits_together = true;
  }
}

bool Recovery::Impl::ensure_store(std::size_t shard) {
  auto& store_link = link(shard);
  if (store_link.run(store.create)) {
    primary(shard)->store = Node::Store::kThere;
    log::info("event=transaction_tables database={} shard={}", backend->config.name, backend->shards[shard]->name);
    return true;
  }
  primary(shard)->commits_together = false;
  if (complained.insert(backend->shards[shard]->name + store_link.error()).second) {
    log::error(
        "event=transaction_tables database={} shard={} error=\"{}\" message=\"transactions on several shards are "
        "refused\" hint=\"{} ({})\"",
        backend->config.name, backend->shards[shard]->name, store_link.error(), store.create_hint,
        backend->config.control.user);
  }
  return false;
}

// What waits to be finished: the sessions' and what the servers list.
std::map<std::string, Case> Recovery::Impl::look() {
  std::map<std::string, Case> cases;
  for (auto& entry : ledger.handed_over()) {
    auto& one = cases[entry.name.text()];
    one.name = entry.name;
    one.ours = std::move(entry);
  }
  const bool everywhere = !cases.empty();
  for (std::size_t shard = 0; shard < backend->shards.size(); ++shard) {
    const auto* node = primary(shard);
    if (node == nullptr) {
      unlisted.insert(shard);
    } else if (everywhere || node->prepared > 0) {
      add_prepared(shard, cases);
    }
  }
  return cases;
}

void Recovery::Impl::add_prepared(std::size_t shard, std::map<std::string, Case>& cases) {
  const auto rows = link(shard).run(store.list_prepared(ledger.cluster()));
  if (!rows) {
    unlisted.insert(shard);
    return;
  }
  for (const auto& part : store.read_prepared(*rows, ledger.cluster())) {
    const auto name = parse_gid(part.gid);
    if (!name || ledger.is_live(*name)) continue;
    auto& one = cases[name->text()];
    one.name = *name;
    one.prepared.push_back({shard, part.gid, part.owner, part.age >= 0 ? part.age : age_of(part.gid)});
  }
}

// Where servers do not tell it, since it was first seen.
long Recovery::Impl::age_of(const std::string& gid) {
  const auto now = std::chrono::steady_clock::now();
  std::erase_if(first_seen, [now](const auto& seen) { return now - seen.second > std::chrono::hours(24); });
  const auto since = first_seen.try_emplace(gid, now).first->second;
  return static_cast<long>(std::chrono::duration_cast<std::chrono::seconds>(now - since).count());
}

void Recovery::Impl::resolve(Case& one) {
  if (!decide(one)) {
    if (one.ours) ledger.note_why(one.name, one.why);
    return;
  }
  ledger.decided(one.name, *one.committed);
  at_step("recovery-decided");
  bool over = true;
  for (const auto& part : one.prepared) over = finish_part(one, part) && over;
  at_step("recovery-finished");
  if (!one.prepared.empty()) {
    log::warn("event=transaction_recovered database={} gtx=\"{}\" outcome={} parts={} over={} why=\"{}\"",
              backend->config.name, one.name.text(), *one.committed ? "committed" : "rolled_back", one.prepared.size(),
              over, one.why);
  }
  if (!one.ours) return;
  if (over && is_applied_everywhere(one)) return ledger.finish(one.name, *one.committed);
  ledger.note_why(one.name, one.why);
}

// False: it cannot be said yet, and `why`.
bool Recovery::Impl::decide(Case& one) {
  if (one.ours && one.ours->state == State::kApplying) one.committed = true;
  if (one.ours && one.ours->state == State::kAborting) one.committed = false;
  if (one.committed) return true;
  const auto agent = shard_named(one.name.agent);
  if (!agent) {
    one.why = "the shard that decides it, \"" + one.name.agent + "\", is not in this configuration";
    return false;
  }
  if (primary(*agent) == nullptr) {
    one.why = "the shard that decides it, \"" + one.name.agent + "\", has no primary";
    return false;
  }
  auto& agent_link = link(*agent);
  const auto rows = agent_link.run(store.decide_abort(one.name.text()));
  if (!rows || rows->size() != 1) {
    const bool deciding = agent_link.sqlstate() == store.lock_not_available;
    one.why = "shard \"" + one.name.agent +
              (deciding ? "\" is being told to commit it just now" : "\": " + agent_link.error());
    return false;
  }
  one.committed = rows->front().front() == "C";
  return true;
}

bool Recovery::Impl::finish_part(Case& one, const Part& part) {
  auto& owner_link = link(part.shard, part.owner);
  const auto sql = *one.committed ? store.commit_prepared(part.gid) : store.rollback_prepared(part.gid);
  if (owner_link.run(sql)) return true;
  if (owner_link.sqlstate() == store.no_such_part) return !store.binds_to_connection || is_gone(one, part);
  one.why = "shard \"" + backend->shards[part.shard]->name + "\": " + owner_link.error();
  return false;
}

// Another one was faster; or the connection that prepared it still lives, and nobody else may end it.
bool Recovery::Impl::is_gone(Case& one, const Part& part) {
  const auto rows = link(part.shard, part.owner).run(store.list_prepared(ledger.cluster()));
  const auto listed = rows ? store.read_prepared(*rows, ledger.cluster()) : std::vector<ListedPart>();
  const bool there =
      std::any_of(listed.begin(), listed.end(), [&](const auto& other) { return other.gid == part.gid; });
  if (rows && !there) return true;
  one.why = "shard \"" + backend->shards[part.shard]->name + "\": the connection that prepared it still lives";
  return false;
}

// Only for a transaction of ours: every shard that took part has been asked.
bool Recovery::Impl::is_applied_everywhere(Case& one) {
  bool over = true;
  for (const auto& name : one.ours->parts) {
    const auto shard = shard_named(name);
    if (!shard) continue;  // no longer configured
    if (unlisted.contains(*shard)) {
      one.why = "shard \"" + name + "\" cannot be reached";
      over = false;
      continue;
    }
    if (!*one.committed) continue;
    const auto rows = link(*shard).run(store.find_applied(one.name.text()));
    if (!rows) {
      one.why = "shard \"" + name + "\": " + link(*shard).error();
      over = false;
    } else if (rows->empty()) {
      log::error(
          "event=lost_branch database={} shard={} gtx=\"{}\" message=\"the transaction was committed, and this "
          "shard's part of it is neither prepared nor applied: a failover lost it\" hint=\"compare the rows "
          "with the backup or the old primary; use synchronous replication\"",
          backend->config.name, name, one.name.text());
    }
  }
  return over;
}

// The shards are asked one after the other: only what still stands a round later is a circle.
void Recovery::Impl::break_deadlocks() {
  const auto waiting = ledger.waits.all();
  std::vector<Blocked> blocked;
  for (std::size_t shard = 0; store.blocked != nullptr && waiting.size() > 1 && shard < backend->shards.size();
       ++shard) {
    if (primary(shard) == nullptr) continue;
    const auto rows = link(shard).run(store.blocked);
    if (!rows) continue;
    for (const auto& row : *rows) {
      const auto pid = [&](std::size_t column) { return static_cast<std::uint32_t>(std::atol(row[column].c_str())); };
      blocked.push_back({{shard, pid(0)}, {shard, pid(1)}});
    }
  }
  const auto circle = find_circle(waiting, blocked);
  std::map<std::uint64_t, std::int64_t> found;
  for (const auto& member : circle) found[member.client] = member.statement_since;
  const bool stands = !found.empty() && found == last_circle;
  last_circle = stands ? std::map<std::uint64_t, std::int64_t>() : std::move(found);
  if (!stands) return;
  log::warn(
      "event=deadlock database={} client={} circle={} message=\"transactions on several shards wait for each "
      "other; the youngest is ended with 40P01\"",
      backend->config.name, circle.front().client, circle.size());
  circle.front().give_up();
}

void Recovery::Impl::collect_garbage() {
  const auto now = std::chrono::steady_clock::now();
  if (now - collected < kCollectOften) return;
  collected = now;
  std::map<std::string, std::vector<Ledger::Over>> by_agent;
  for (auto& over : ledger.take_decisions_to_delete()) by_agent[over.agent].push_back(std::move(over));
  for (auto& [agent, overs] : by_agent) {
    const auto shard = shard_named(agent);
    std::vector<std::string> gtxs;
    for (const auto& over : overs) gtxs.push_back(over.gtx);
    if (!shard || forget(*shard, gtxs, true)) {
      ledger.decisions_deleted(std::move(overs));
    } else {
      ledger.put_back(std::move(overs));
    }
  }
  std::map<std::size_t, std::vector<std::string>> applied;
  for (const auto& over : ledger.take_applied_to_delete()) {
    for (const auto& part : over.parts) {
      if (const auto shard = shard_named(part)) applied[*shard].push_back(over.gtx);
    }
  }
  for (const auto& [shard, gtxs] : applied) forget(shard, gtxs, false);  // what stays goes with its age
  if (now - collected_others < kCollectSeldom) return;
  collected_others = now;
  collect_others_garbage();
}

bool Recovery::Impl::forget(std::size_t shard, const std::vector<std::string>& gtxs, bool decisions) {
  if (primary(shard) == nullptr) return false;
  auto& store_link = link(shard);
  if (store_link.run(decisions ? store.forget_decisions(gtxs) : store.forget_applied(gtxs))) return true;
  log::warn("event=transaction_rows_kept database={} shard={} error=\"{}\"", backend->config.name,
            backend->shards[shard]->name, store_link.error());
  return false;
}

// The rows of Shardways that are gone.
void Recovery::Impl::collect_others_garbage() {
  for (std::size_t shard = 0; shard < backend->shards.size(); ++shard) {
    const auto* node = primary(shard);
    if (node == nullptr || !node->commits_together || stopping) continue;
    link(shard).run(store.forget_old_aborts);
    link(shard).run(store.forget_old_applied);
    const auto rows = link(shard).run(store.old_commits);
    if (!rows) continue;
    std::vector<std::string> over;
    for (const auto& row : *rows) {
      const auto parts = split(row[1]);
      const bool everywhere = std::all_of(parts.begin(), parts.end(), [&](const std::string& name) {
        const auto part = shard_named(name);
        if (!part || primary(*part) == nullptr) return false;
        const auto found = link(*part).run(store.find_applied(row[0]));
        return found && !found->empty();
      });
      if (everywhere) over.push_back(row[0]);
    }
    if (!over.empty()) forget(shard, over, true);
  }
}

Recovery::Recovery(std::shared_ptr<backend::Backend> backend, std::shared_ptr<const config::Config> config)
    : impl_(std::make_unique<Impl>(std::move(backend), std::move(config))) {
  sigset_t all, before;  // signals are the main thread's
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  impl_->thread = std::thread([impl = impl_.get()] { impl->run(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Recovery::~Recovery() {
  impl_->stopping = true;
  impl_->ledger.wake();
  impl_->thread.join();
}

void Recovery::wait_until_ready(std::chrono::milliseconds deadline) {
  std::unique_lock lock(impl_->mutex);
  impl_->first_round.wait_for(lock, deadline, [this] { return impl_->ready; });
}

std::optional<Unable> unable_to_commit_together(const backend::Backend& backend,
                                                const std::vector<std::size_t>& shards) {
  for (const auto index : shards) {
    const auto& shard = *backend.shards[index];
    const auto at = shard.primary.load();
    if (at < 0) continue;  // it is waited for
    const auto& node = *shard.nodes[static_cast<std::size_t>(at)];
    const auto where = "shard \"" + shard.name + "\" (" + node.address.text + ")";
    if (node.max_prepared == 0) {
      return Unable{
          "max_prepared_transactions is 0 on " + where,
          "set max_prepared_transactions on every server to at least the connections it takes, and restart it"};
    }
    if (node.max_prepared < 0)
      return Unable{"nothing is known of " + where, "set user in [database.control], so that Shardway can look"};
    // Who has just been promoted has its tables from the old primary, and has said so as a replica.
    if (!node.commits_together && node.store != Node::Store::kThere)
      return Unable{"the schema \"shardway\" is missing on " + where,
                    "GRANT CREATE ON DATABASE to the control user; the log says what went wrong"};
  }
  return std::nullopt;
}

}  // namespace shardway::proxy::transaction
