// What a server says it is in its greeting, "5.5.5-10.11.6-MariaDB-1"; an empty one is not known yet, and taken for a
// MariaDB of today.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

namespace shardway::proxy::mysql {

bool is_mariadb(std::string_view version) noexcept;
std::uint32_t number_of(std::string_view version) noexcept;  // 101106; 0: not known

// MARIADB_CLIENT_EXTENDED_METADATA: a column's definition says more than its type. MariaDB 10.5.2.
bool has_extended_metadata(std::string_view version) noexcept;

// What statements are read by: as in MysqlMode.
struct alignas(8) VersionNumber {  // one word: read without a lock
  std::uint32_t number = 0;        // 0: not known
  bool is_mariadb = true;
};

// The newest server's version. From any thread.
class ServerVersion {
 public:
  std::string get() const {
    const std::lock_guard lock(mutex_);
    return version_;
  }
  VersionNumber number() const noexcept { return number_.load(std::memory_order_relaxed); }
  void set(const std::string& version) {
    const std::lock_guard lock(mutex_);
    version_ = version;
    number_ = VersionNumber{number_of(version), mysql::is_mariadb(version)};
  }

 private:
  mutable std::mutex mutex_;
  std::string version_;
  std::atomic<VersionNumber> number_{};
};

}  // namespace shardway::proxy::mysql
