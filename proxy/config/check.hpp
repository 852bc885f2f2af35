// check: what must hold between values that are each fine: names that resolve, slots that have exactly one owner, users
// that can log in, nothing offered to the network by accident. Every problem is reported; `document` says where.
// The n-th element of a list in the structs is the n-th of the same list in the document.
#pragma once

#include "proxy/config/config.hpp"
#include "proxy/config/document.hpp"
#include "proxy/config/report.hpp"

namespace shardway::proxy::config {

void check(const Config& config, const Value& document, Report& report);

// Its parts.
void check_listeners(const Config& config, const Value& document, Report& report);
// One that takes the connections of this address; null: none does.
const Listen* listener_at(const Config& config, const Address& address);
void check_users(const Config& config, const Value& document, Report& report);
void check_database(const Database& database, const Value& at, Report& report);
void check_sharding(const Database& database, const Value& at, Report& report);
void check_tables(const Database& database, const Value& at, Report& report);
void check_switchover(const Database& database, const Value& at, Report& report);
// Files named by `tls` in the table `at`, and which of them the mode needs.
void check_server_tls(const Tls& tls, const Value& at, Report& report);
void check_listener_tls(const Listen& listen, const Value& at, Report& report);
bool has_shard(const Database& database, std::string_view name);
// "did you mean", or the shards there are.
std::string shard_hint(const Database& database, std::string_view name);

// True if `key` is in the table `at` but could not be read: that is said already, so its absence is no news.
bool unread(const Value& at, std::string_view key, const Report& report);

// The n-th element of the list `key`; the document itself if there is none.
const Value& element(const Value& document, std::string_view key, std::size_t n);

// What a checked database means to the router.
router::Topology make_topology(const Database& database);

}  // namespace shardway::proxy::config
