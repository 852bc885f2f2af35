// Where in an answer a server is: scripts of packets for each command, and rows that look like something else.
#include "protocol/mysql/reply_tracker.hpp"

#include <gtest/gtest.h>

namespace shardway::protocol::mysql {
namespace {

std::string ok_payload(std::uint8_t header, std::uint16_t state) {
  Ok ok;
  ok.header = header;
  ok.status = state;
  std::string out;
  std::uint8_t sequence = 0;
  encode(out, sequence, ok, capability::kSessionTrack);
  return out.substr(kHeadBytes);
}

const std::string kOk = ok_payload(0x00, status::kAutocommit);
const std::string kOkMore = ok_payload(0x00, status::kAutocommit | status::kMoreResults);
const std::string kEnd = ok_payload(0xfe, status::kAutocommit);
const std::string kEndMore = ok_payload(0xfe, status::kAutocommit | status::kMoreResults);
const std::string kErr("\xff\x28\x04#42000no", 11);
const std::string kTwoColumns("\x02", 1),
    kDefinition(
        "\x03"
        "def"),
    kRow("\x01x\x01y");
const std::string kLongRow(10, '\xfe');

std::string run(Command command, const std::vector<std::string>& payloads) {
  constexpr const char* kNames[] = {"ok",     "err",      "end", "columns", "column", "row",
                                    "infile", "prepared", "eof", "text",    "?"};
  ReplyTracker tracker(command);
  std::string told;
  for (const auto& payload : payloads) {
    PacketHead head;
    head.length = payload == kLongRow ? kMaxPacketBytes : static_cast<std::uint32_t>(payload.size());
    const auto seen = tracker.on_packet(head, payload);
    told += (told.empty() ? "" : " ") + std::string(kNames[static_cast<int>(seen.part)]) +
            (seen.metadata_ends ? "+" : "") + (seen.last ? "." : "");
  }
  return told;
}

TEST(ReplyTracker, Queries) {
  EXPECT_EQ(run(Command::kQuery, {kOk}), "ok.");
  EXPECT_EQ(run(Command::kQuery, {kErr}), "err.");
  EXPECT_EQ(run(Command::kQuery, {kTwoColumns, kDefinition, kDefinition, kRow, kRow, kEnd}),
            "columns column column+ row row end.");
  EXPECT_EQ(run(Command::kQuery, {kTwoColumns, kDefinition, kDefinition, kRow, kErr}),
            "columns column column+ row err.");
  EXPECT_EQ(run(Command::kQuery, {kOkMore, kTwoColumns, kDefinition, kDefinition, kEndMore, kOk}),
            "ok columns column column+ end ok.");
  EXPECT_EQ(run(Command::kQuery, {std::string("\xfb/tmp/file"), kOk}), "infile ok.");
  EXPECT_EQ(run(Command::kQuery, {std::string("\xfb/tmp/file"), kErr}), "infile err.");
}

TEST(ReplyTracker, ARowOf16MiBIsNoEnd) {
  EXPECT_EQ(run(Command::kQuery, {kTwoColumns, kDefinition, kDefinition, kLongRow, kEnd}),
            "columns column column+ row end.");
}

TEST(ReplyTracker, Prepared) {
  const std::string none("\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 12);
  const std::string both("\x00\x01\x00\x00\x00\x01\x00\x02\x00\x00\x00\x00", 12);
  EXPECT_EQ(run(Command::kStmtPrepare, {none}), "prepared.");
  EXPECT_EQ(run(Command::kStmtPrepare, {both, kDefinition, kDefinition, kDefinition}),
            "prepared column column+ column+.");
  EXPECT_EQ(run(Command::kStmtPrepare, {kErr}), "err.");
  EXPECT_EQ(run(Command::kStmtExecute, {kTwoColumns, kDefinition, kDefinition, std::string("\0\0x", 3), kEnd}),
            "columns column column+ row end.");
  EXPECT_EQ(run(Command::kStmtFetch, {std::string("\0\0x", 3), kEnd}), "row end.");
  EXPECT_EQ(run(Command::kStmtFetch, {kErr}), "err.");
}

TEST(ReplyTracker, TheOthers) {
  EXPECT_EQ(run(Command::kPing, {kOk}), "ok.");
  EXPECT_EQ(run(Command::kSetOption, {std::string("\xfe\0\0\x02\0", 5)}), "eof.");
  EXPECT_EQ(run(Command::kStatistics, {"Uptime: 5"}), "text.");
  EXPECT_EQ(run(Command::kFieldList, {kDefinition, kDefinition, kEnd}), "column column end.");
  EXPECT_FALSE(is_answered(Command::kStmtClose));
  EXPECT_FALSE(is_answered(Command::kStmtSendLongData));
}

// A packet that came in part is never the last: what may be the last is waited for.
TEST(ReplyTracker, WhatMayEndAnAnswerIsWanted) {
  const PacketHead head{200, 1};
  ReplyTracker prepare(Command::kStmtPrepare), query(Command::kQuery), text(Command::kStatistics);
  prepare.on_packet(head, std::string("\x00\x01\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00", 12));
  query.on_packet(head, kTwoColumns);
  EXPECT_TRUE(prepare.wants_whole(head, 3) && query.wants_whole(head, 3) && text.wants_whole(head, 'U'));
  query.on_packet(head, kDefinition);
  query.on_packet(head, kDefinition);
  EXPECT_FALSE(query.wants_whole(head, 3)) << "rows may be long";
}

TEST(ReplyTracker, WhatHasNoPlace) {
  EXPECT_EQ(run(Command::kQuery, {kOk, kOk}), "ok. ?");
  EXPECT_EQ(run(Command::kQuery, {std::string()}), "?");
  EXPECT_EQ(run(Command::kQuery, {std::string("\0", 1)}), "?");
  EXPECT_EQ(run(Command::kStmtPrepare, {std::string("\0\1", 2)}), "?");
}

}  // namespace
}  // namespace shardway::protocol::mysql
