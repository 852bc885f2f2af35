// configs/: each file loads, and reference.toml names every key with the program's own default and description.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <map>
#include <sstream>

#include "problems.hpp"
#include "proxy/config/entries.hpp"

namespace shardway::proxy::config {
namespace {

std::string path_of(const std::string& name) { return std::string(SHARDWAY_SOURCE_DIR) + "/configs/" + name; }

std::string text_of(const std::string& name) {
  std::ifstream in(path_of(name));
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<std::string> errors(const Loaded& loaded) {
  std::vector<std::string> out;
  for (const Diagnostic& d : loaded.diagnostics)
    if (d.severity == Severity::kError) out.push_back(format(d));
  return out;
}

TEST(Configs, EachLoads) {
  for (const char* name : {"minimal.toml", "sharded-postgresql.toml", "sharded-mysql.toml", "reference.toml"}) {
    const Loaded loaded = load(path_of(name));
    EXPECT_THAT(errors(loaded), testing::IsEmpty());
    EXPECT_NE(loaded.config, nullptr) << name;
  }
}

TEST(Configs, ShardedIsTheShop) {
  const Loaded loaded = load(path_of("sharded-postgresql.toml"));
  ASSERT_NE(loaded.config, nullptr);
  const Database* shop = loaded.config->database("shop");
  ASSERT_NE(shop, nullptr);
  ASSERT_EQ(shop->shards.size(), 2u);
  EXPECT_EQ(shop->shards[1].nodes.size(), 2u);
  EXPECT_EQ(shop->topology.tables.all().size(), 5u);
  EXPECT_EQ(shop->topology.map.owner(8191), 0);
  EXPECT_EQ(shop->topology.map.owner(8192), 1);
}

struct Line {
  std::string value;
  std::string comment;  // on the line, or the comment line before it
  bool commented_out = false;
};

// "database.pool.size" -> its first line in reference.toml. Values there contain no "#".
std::map<std::string, Line> lines_of_reference() {
  std::map<std::string, Line> out;
  std::istringstream in(text_of("reference.toml"));
  std::string text, section, comment_before;
  while (std::getline(in, text)) {
    if (text.starts_with("[")) {
      section = text.substr(text.find_first_not_of('['));
      section.resize(section.find(']'));
    }
    Line line;
    line.commented_out = text.starts_with("# ");
    std::string body = line.commented_out ? text.substr(2) : text;
    const std::size_t equals = body.find(" = ");
    const bool is_key = equals != std::string::npos && body.find_first_of(" :;") == equals;
    if (is_key) {
      const std::size_t comment = body.find(" # ");
      line.comment = comment == std::string::npos ? comment_before : body.substr(comment + 3);
      body.resize(std::min(comment, body.size()));
      line.value = body.substr(equals + 3, body.find_last_not_of(' ') + 1 - equals - 3);
      out.emplace(section + "." + body.substr(0, equals), line);
    }
    comment_before = line.commented_out && !is_key ? body : "";
  }
  return out;
}

std::string mark_of(Need need) {
  return need == Need::kRequired ? "required: " : need == Need::kOptional ? "optional: " : "";
}

TEST(Reference, NamesEveryKeyWithItsDescription) {
  std::map<std::string, Line> lines = lines_of_reference();
  for (const Entry& entry : describe_keys()) {
    const auto line = lines.find(entry.key);
    ASSERT_NE(line, lines.end()) << entry.key << " is not in reference.toml";
    EXPECT_EQ(line->second.comment, mark_of(entry.need) + std::string(entry.description)) << entry.key;
    EXPECT_TRUE(entry.need == Need::kOptional || !line->second.commented_out) << entry.key;
    lines.erase(line);
  }
  for (const auto& [key, line] : lines) ADD_FAILURE() << key << " is in reference.toml and unknown to the program";
}

TEST(Reference, WritesTheDefaultsOfTheProgram) {
  const std::map<std::string, Line> lines = lines_of_reference();
  std::size_t compared = 0;
  for (const Entry& entry : describe_keys()) {
    if (entry.need != Need::kDefault) continue;
    std::string written = lines.at(entry.key).value;
    if (written == "[]") written.clear();
    if (written.starts_with('"')) written = written.substr(1, written.size() - 2);
    EXPECT_EQ(written, entry.default_value) << entry.key;
    ++compared;
  }
  EXPECT_GT(compared, 25u);
}

TEST(Reference, LoadedItEqualsAConfigWithoutIt) {
  const Loaded loaded = load(path_of("reference.toml"));
  ASSERT_NE(loaded.config, nullptr);
  for (const Entry& entry : entries(*loaded.config)) {
    const bool is_example = entry.need != Need::kDefault || entry.key.find(".table.") != std::string::npos;
    EXPECT_TRUE(is_example || entry.value == entry.default_value) << entry.key << " = " << entry.value;
  }
}

// The examples that are commented out are real ones: with them in place, only their files and combinations are missed.
TEST(Reference, ExamplesThatAreCommentedOutAreReadable) {
  std::istringstream in(text_of("reference.toml"));
  std::string text, all;
  const std::map<std::string, Line> lines = lines_of_reference();
  while (std::getline(in, text)) {
    const std::string body = text.starts_with("# ") ? text.substr(2) : text;
    const std::size_t equals = body.find(" = ");
    all += (equals != std::string::npos && body.find_first_of(" :;") == equals ? body : text) + "\n";
  }
  for (const Diagnostic& d : load_text("f", all).diagnostics) {
    EXPECT_THAT(d.message, testing::Not(testing::HasSubstr("unknown key"))) << format(d);
    EXPECT_THAT(d.message, testing::Not(testing::HasSubstr("expected"))) << format(d);
    EXPECT_THAT(d.message, testing::Not(testing::HasSubstr("not TOML"))) << format(d);
  }
}

}  // namespace
}  // namespace shardway::proxy::config
