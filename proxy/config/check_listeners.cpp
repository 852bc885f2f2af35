#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <set>

#include "proxy/config/check.hpp"
#include "proxy/config/words.hpp"

namespace shardway::proxy::config {
namespace {

void check_readable(const std::string& file, const Value& at, std::string_view key, Report& report) {
  if (file.empty()) return;
  struct stat info {};
  std::string why;
  if (::stat(file.c_str(), &info) != 0 || ::access(file.c_str(), R_OK) != 0)
    why = std::strerror(errno);
  else if (!S_ISREG(info.st_mode))
    why = "not a regular file";
  if (!why.empty())
    report.error(where(at, {key}), "tls: cannot read " + quote(file) + ": " + why,
                 "relative names start at the folder Shardway runs in");
}

void check_pair(const Tls& tls, const Value& at, Report& report) {
  check_readable(tls.certificate, at, "certificate", report);
  check_readable(tls.key, at, "key", report);
  if (!tls.certificate.empty() && tls.key.empty())
    report.error(where(at, {"certificate"}), "tls: a certificate needs its private key", "add key = \"file.pem\"");
  if (tls.certificate.empty() && !tls.key.empty())
    report.error(where(at, {"key"}), "tls: a private key needs its certificate", "add certificate = \"file.pem\"");
}

bool verifies(TlsMode mode) { return mode == TlsMode::kVerifyCa || mode == TlsMode::kVerifyFull; }

void check_listener(const Listen& listen, const Value& at, Report& report) {
  const bool known = !listen.address.text.empty();
  if (known && listen.auth == AuthMethod::kTrust && !is_loopback(listen.address) && !listen.insecure)
    report.error(where(at, {"auth"}),
                 "listen: auth = \"trust\" lets anybody in who reaches " + quote(listen.address.text),
                 "use auth = \"scram-sha-256\", or write insecure = true here if the network is closed");
  if (known && !listen.address.is_unix && at.find("unix_socket_mode") != nullptr)
    report.error(where(at, {"unix_socket_mode"}), "listen: " + quote(listen.address.text) + " is no Unix socket",
                 "remove unix_socket_mode, or listen on unix:/path/of/socket");
  check_listener_tls(listen, at, report);
}

// One of the two takes the connections of the other, where the system lets it.
bool overlap(const Address& a, const Address& b) {
  if (a.is_unix || b.is_unix || a.port != b.port) return false;
  const auto takes = [](const Address& one, const Address& other) {
    return one.host == "::" || (one.host == "0.0.0.0" && other.host.find(':') == std::string::npos);
  };
  return a.host == b.host || takes(a, b) || takes(b, a);
}

void check_overlap(const Config& config, std::size_t i, const Position& at, Report& report) {
  const auto& address = config.listen[i].address;
  for (std::size_t k = 0; k < i; ++k)
    if (overlap(address, config.listen[k].address))
      report.error(at,
                   "listen: " + quote(address.text) + " takes the connections of " +
                       quote(config.listen[k].address.text) + ", too",
                   "give one of them another port, or remove it");
}

}  // namespace

const Listen* listener_at(const Config& config, const Address& address) {
  for (const auto& listen : config.listen)
    if (overlap(listen.address, address)) return &listen;
  return nullptr;
}

void check_server_tls(const Tls& tls, const Value& at, Report& report) {
  check_pair(tls, at, report);
  check_readable(tls.ca, at, "ca", report);
  if (verifies(tls.mode) && tls.ca.empty())
    report.error(where(at, {"mode"}), "server_tls: this mode needs the authorities that sign the servers' certificates",
                 "add ca = \"file.pem\"");
}

void check_listener_tls(const Listen& listen, const Value& at, Report& report) {
  const Value* tls = at.find("tls");
  if (!tls) return;
  check_pair(listen.tls, *tls, report);
  check_readable(listen.tls.ca, *tls, "client_ca", report);
  if (listen.tls.mode == TlsMode::kOff) return;
  if (listen.address.is_unix)
    report.error(tls->at, "listen: PostgreSQL does not speak TLS over a Unix socket",
                 "remove tls, or use a TCP address");
  if (listen.tls.certificate.empty() && listen.tls.key.empty())
    report.error(tls->at, "listen: TLS needs a certificate and its key",
                 "add certificate = \"file.pem\" and key = \"file.pem\"");
  if (verifies(listen.tls.mode) && listen.tls.ca.empty())
    report.error(where(*tls, {"mode"}), "listen: this mode needs the authorities that sign the clients' certificates",
                 "add client_ca = \"file.pem\"");
}

void check_listeners(const Config& config, const Value& document, Report& report) {
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < config.listen.size(); ++i) {
    const Listen& listen = config.listen[i];
    const Value& at = element(document, "listen", i);
    check_listener(listen, at, report);
    if (!listen.address.text.empty() && !seen.insert(listen.address.text).second)
      report.error(where(at, {"address"}), "listen: " + quote(listen.address.text) + " is there twice",
                   "remove one of the two [[listen]]");
    else
      check_overlap(config, i, where(at, {"address"}), report);
  }
}

}  // namespace shardway::proxy::config
