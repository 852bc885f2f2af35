#include "proxy/mysql/server_version.hpp"

#include <gtest/gtest.h>

namespace shardway::proxy::mysql {
namespace {

TEST(ServerVersion, IsReadFromTheGreeting) {
  EXPECT_EQ(number_of("5.5.5-10.11.6-MariaDB-1"), 101106U);
  EXPECT_EQ(number_of("11.4.2-MariaDB"), 110402U);
  EXPECT_EQ(number_of("8.0.36"), 80036U);
  EXPECT_EQ(number_of(""), 0U);
  EXPECT_TRUE(is_mariadb("5.5.5-10.11.6-MariaDB-1"));
  EXPECT_TRUE(is_mariadb("")) << "not known yet";
  EXPECT_FALSE(is_mariadb("8.0.36"));
}

TEST(ServerVersion, SaysWhetherColumnsAreDescribedFurther) {
  EXPECT_TRUE(has_extended_metadata("5.5.5-10.5.2-MariaDB"));
  EXPECT_TRUE(has_extended_metadata(""));
  EXPECT_FALSE(has_extended_metadata("5.5.5-10.5.1-MariaDB"));
  EXPECT_FALSE(has_extended_metadata("5.5.5-10.4.34-MariaDB"));
  EXPECT_FALSE(has_extended_metadata("8.4.0"));
}

}  // namespace
}  // namespace shardway::proxy::mysql
