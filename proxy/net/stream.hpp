// Stream: one connected socket, in clear or under TLS, read and written without blocking. It owns the descriptor.
// Edge-triggered callers read until `drained`: the kernel (and TLS) hold nothing more for now.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "proxy/net/tls.hpp"

namespace shardway::proxy::net {

struct IoResult {
  std::size_t bytes = 0;
  bool drained = false;  // read: nothing more is there now; write: the kernel takes no more now
  bool closed = false;   // end of stream, or an error: the connection is over
};

enum class HandshakeState : unsigned char { kAgain, kDone, kFailed };

class Stream {
 public:
  Stream() = default;
  explicit Stream(int fd) noexcept : fd_(fd) {}
  Stream(Stream&& other) noexcept;
  Stream& operator=(Stream&& other) noexcept;
  ~Stream() { close(); }

  // A read that comes back short has drained the socket, unless the peer has ended its side: that end is still to be
  // read, and no further event tells of it. So every event is noted here.
  void note_events(std::uint32_t events) noexcept;
  bool peer_has_ended() const noexcept { return peer_ended_; }  // though what it sent before may still be unread
  IoResult read(char* into, std::size_t size) noexcept;
  IoResult write(const char* from, std::size_t size) noexcept;

  // Begins TLS on this socket; then call handshake() at every event until it is not kAgain.
  void start_tls_server(SSL_CTX& context);
  // `host` is the name or address to check (verify-full), and the SNI name.
  void start_tls_client(SSL_CTX& context, const std::string& host, bool verify_name);
  HandshakeState handshake() noexcept;

  // Both directions end, as if the peer had ended them; the descriptor stays open, and its end is read as usual.
  void shut() noexcept;
  void close() noexcept;
  int fd() const noexcept { return fd_; }
  bool is_open() const noexcept { return fd_ >= 0; }
  bool is_tls() const noexcept { return ssl_ != nullptr; }
  std::string tls_description() const;  // "TLSv1.3/TLS_AES_256_GCM_SHA384"; empty in clear

 private:
  IoResult read_tls(char* into, std::size_t size) noexcept;
  IoResult write_tls(const char* from, std::size_t size) noexcept;

  int fd_ = -1;
  bool peer_ended_ = false;
  SSL* ssl_ = nullptr;
};

}  // namespace shardway::proxy::net
