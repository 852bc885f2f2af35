// What the hot path costs without any system call: looking a statement up, planning it, walking frames.
// Run by hand (build/release/tests/bench/micro_bench); figures for a change's before and after, no test.
#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <string_view>

#include "protocol/postgres/frame.hpp"
#include "router/planner.hpp"
#include "router/statement_cache.hpp"

namespace {

using namespace shardway;

constexpr std::string_view kPointSelect = "SELECT abalance FROM pgbench_accounts WHERE aid = 524287;";
constexpr std::string_view kPreparedSelect = "SELECT abalance FROM pgbench_accounts WHERE aid = $1;";
constexpr std::string_view kUpdate = "UPDATE pgbench_accounts SET abalance = abalance + -1234 WHERE aid = 524287;";
constexpr std::string_view kOrmSelect =
    R"(SELECT "orders"."id", "orders"."customer_id", "orders"."state", "orders"."placed_at", "orders"."total",)"
    R"( "orders"."currency", "orders"."note", "customers"."id", "customers"."name", "customers"."email",)"
    R"( "customers"."phone", "customers"."street", "customers"."city", "customers"."postcode", "customers"."country")"
    R"( FROM "orders" INNER JOIN "customers" ON ("orders"."customer_id" = "customers"."customer_id"))"
    R"( WHERE ("orders"."customer_id" = 42 AND "orders"."state" IN ('open', 'paid', 'packed') AND NOT "orders"."hidden")"
    R"( AND "orders"."placed_at" >= '2026-01-01'))";

std::shared_ptr<const router::Topology> topology(std::size_t shards) {
  auto made = std::make_shared<router::Topology>();
  made->database = "shop";
  for (std::size_t i = 0; i < shards; ++i) made->shards.push_back("shop_" + std::to_string(i));
  std::vector<router::ShardIndex> owners(16384);
  for (std::size_t slot = 0; slot < owners.size(); ++slot)
    owners[slot] = static_cast<router::ShardIndex>(slot * shards / owners.size());
  made->map = router::ShardMap(std::move(owners));
  for (const auto& [name, key] : {std::pair{"pgbench_accounts", "aid"}, std::pair{"orders", "customer_id"},
                                  std::pair{"customers", "customer_id"}}) {
    router::Table table{"public", name, router::TableKind::kSharded, key, router::KeyType::kInteger, 0};
    made->tables.add(table);
  }
  return made;
}

void look_up(benchmark::State& state, std::string_view text) {
  router::StatementCache cache(topology(2), 1u << 20);
  router::Literals literals;
  for (auto _ : state) benchmark::DoNotOptimize(cache.find(text, {}, literals));
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * text.size()));
}
BENCHMARK_CAPTURE(look_up, point_select, kPointSelect);
BENCHMARK_CAPTURE(look_up, prepared_select, kPreparedSelect);
BENCHMARK_CAPTURE(look_up, update, kUpdate);
BENCHMARK_CAPTURE(look_up, orm_select, kOrmSelect);

// A text never seen before: PostgreSQL's parser runs.
void look_up_new(benchmark::State& state, std::string_view text) {
  const auto shared = topology(2);
  router::Literals literals;
  for (auto _ : state) {
    router::StatementCache cache(shared, 1u << 20);
    benchmark::DoNotOptimize(cache.find(text, {}, literals));
  }
}
BENCHMARK_CAPTURE(look_up_new, point_select, kPointSelect);
BENCHMARK_CAPTURE(look_up_new, orm_select, kOrmSelect);

void look_up_and_plan(benchmark::State& state, std::string_view text) {
  const auto shared = topology(static_cast<std::size_t>(state.range(0)));
  router::StatementCache cache(shared, 1u << 20);
  router::Literals literals;
  router::Values values;
  values.literals = &literals;
  for (auto _ : state) {
    const auto query = cache.find(text, {}, literals);
    benchmark::DoNotOptimize(router::plan(query->statements.front(), values, *shared, {}, text));
  }
}
BENCHMARK_CAPTURE(look_up_and_plan, point_select, kPointSelect)->ArgName("shards")->Arg(1)->Arg(2);
BENCHMARK_CAPTURE(look_up_and_plan, orm_select, kOrmSelect)->ArgName("shards")->Arg(1)->Arg(2);

// The rows of a large result as they lie in one buffer.
void walk_frames(benchmark::State& state) {
  const auto body = static_cast<std::size_t>(state.range(0));
  const auto length = static_cast<std::uint32_t>(body + 4);
  std::string buffer;
  while (buffer.size() < 16 * 1024) {
    buffer += 'D';
    for (int shift = 24; shift >= 0; shift -= 8) buffer += static_cast<char>(length >> shift & 0xff);
    buffer.append(body, 'x');
  }
  for (auto _ : state) {
    std::string_view rest = buffer;
    protocol::postgres::FrameHead head;
    while (protocol::postgres::peek_head(rest, head) == protocol::postgres::HeadState::kOk &&
           head.size() <= rest.size())
      rest.remove_prefix(head.size());
    benchmark::DoNotOptimize(rest.data());
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * buffer.size()));
}
BENCHMARK(walk_frames)->ArgName("body")->Arg(16)->Arg(110)->Arg(1000);

}  // namespace

BENCHMARK_MAIN();
