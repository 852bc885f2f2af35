#include "proxy/postgres/columns.hpp"

#include <gtest/gtest.h>

#include "protocol/postgres/frame.hpp"
#include "protocol/postgres/messages.hpp"

namespace shardway::proxy::postgres {
namespace {

namespace pg = protocol::postgres;

std::uint64_t of(const std::vector<pg::Field>& fields) {
  std::string frame;
  pg::encode::row_description(frame, fields);
  return fingerprint_of_columns(std::string_view(frame).substr(pg::kHeadBytes));
}

const pg::Field kId{"id", 16384, 1, 20, 8, -1, pg::Format::kText};

TEST(Columns, NamesAndTypesCount) {
  auto other_name = kId, other_type = kId, other_modifier = kId;
  other_name.name = "number";
  other_type.type = 23;
  other_modifier.type_modifier = 8;
  for (const auto& other : {other_name, other_type, other_modifier}) EXPECT_NE(of({kId}), of({other}));
  EXPECT_NE(of({kId}), of({kId, kId}));
  EXPECT_NE(of({kId}), of({}));
}

TEST(Columns, NumbersOfTablesAndFormatsDoNot) {
  auto elsewhere = kId;
  elsewhere.table = 99999;
  elsewhere.column = 7;
  elsewhere.format = pg::Format::kBinary;
  EXPECT_EQ(of({kId}), of({elsewhere}));
}

TEST(Columns, NothingIsKnownOfNone) {
  EXPECT_NE(of({}), 0U);
  EXPECT_EQ(of({}), fingerprint_of_columns({}));
  EXPECT_NE(fingerprint_of_columns("\xff"), 0U);
  EXPECT_NE(fingerprint_of_parameters({}), 0U);
  EXPECT_NE(fingerprint_of_parameters(std::string_view("\0\0", 2)),
            fingerprint_of_parameters(std::string_view("\0\1", 2)));
}

}  // namespace
}  // namespace shardway::proxy::postgres
