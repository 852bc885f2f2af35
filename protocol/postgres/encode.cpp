// The encoders of messages.hpp. Lists must have at most 65,535 items: the wire has 16 bits for their number.

#include "protocol/postgres/field_reader.hpp"
#include "protocol/postgres/messages.hpp"

namespace shardway::protocol::postgres::encode {
namespace {

// A frame while it is written: the length is filled in when it is complete.
template <class Body>
void frame(std::string& out, char type, const Body& write_body) {
  Writer writer(out);
  writer.u8(static_cast<std::uint8_t>(type));
  const auto length_at = writer.position();
  writer.u32(0);
  write_body(writer);
  writer.patch_u32(length_at, static_cast<std::uint32_t>(writer.position() - length_at));
}

void empty_frame(std::string& out, char type) {
  frame(out, type, [](Writer&) {});
}

void string_frame(std::string& out, char type, std::string_view text) {
  frame(out, type, [&](Writer& writer) { writer.cstring(text); });
}

void bytes_frame(std::string& out, char type, Bytes bytes) {
  frame(out, type, [&](Writer& writer) { writer.bytes(bytes); });
}

void target_frame(std::string& out, char type, Target target, std::string_view name) {
  frame(out, type, [&](Writer& writer) {
    writer.u8(static_cast<std::uint8_t>(target));
    writer.cstring(name);
  });
}

void count(Writer& writer, std::size_t items) { writer.u16(static_cast<std::uint16_t>(items)); }

void formats(Writer& writer, const std::vector<Format>& list) {
  count(writer, list.size());
  for (const auto format : list) writer.u16(static_cast<std::uint16_t>(format));
}

void oids(Writer& writer, const std::vector<Oid>& list) {
  count(writer, list.size());
  for (const auto oid : list) writer.u32(oid);
}

void values(Writer& writer, const std::vector<std::optional<Bytes>>& list) {
  count(writer, list.size());
  for (const auto& value : list) {
    writer.u32(value ? static_cast<std::uint32_t>(value->size()) : kNullLength);
    if (value) writer.bytes(*value);
  }
}

void error_frame(std::string& out, char type, const ErrorText& e) {
  frame(out, type, [&](Writer& writer) {
    // Texts quote what users sent: one with a NUL inside must not end a field early and begin another.
    const auto field = [&](char code, std::string_view text) {
      if (text.empty()) return;
      writer.u8(static_cast<std::uint8_t>(code));
      writer.cstring(text.substr(0, text.find('\0')));
    };
    field('S', e.severity);
    field('V', e.severity);
    field('C', e.sqlstate);
    field('M', e.message);
    field('D', e.detail);
    field('H', e.hint);
    if (e.position > 0) field('P', std::to_string(e.position));
    writer.u8(0);
  });
}

}  // namespace

void query(std::string& out, std::string_view sql) { string_frame(out, 'Q', sql); }

void parse(std::string& out, std::string_view name, std::string_view sql, const std::vector<Oid>& types) {
  frame(out, 'P', [&](Writer& writer) {
    writer.cstring(name);
    writer.cstring(sql);
    oids(writer, types);
  });
}

void bind(std::string& out, const Bind& bind) {
  frame(out, 'B', [&](Writer& writer) {
    writer.cstring(bind.portal);
    writer.cstring(bind.statement);
    formats(writer, bind.parameter_formats);
    values(writer, bind.parameters);
    formats(writer, bind.result_formats);
  });
}

void describe(std::string& out, Target target, std::string_view name) { target_frame(out, 'D', target, name); }
void close(std::string& out, Target target, std::string_view name) { target_frame(out, 'C', target, name); }

void execute(std::string& out, std::string_view portal, std::uint32_t row_limit) {
  frame(out, 'E', [&](Writer& writer) {
    writer.cstring(portal);
    writer.u32(row_limit);
  });
}

void sync(std::string& out) { empty_frame(out, 'S'); }
void flush(std::string& out) { empty_frame(out, 'H'); }
void terminate(std::string& out) { empty_frame(out, 'X'); }
void copy_data(std::string& out, Bytes data) { bytes_frame(out, 'd', data); }
void copy_done(std::string& out) { empty_frame(out, 'c'); }
void copy_fail(std::string& out, std::string_view why) { string_frame(out, 'f', why); }
void password(std::string& out, std::string_view password) { string_frame(out, 'p', password); }

void sasl_initial(std::string& out, std::string_view mechanism, Bytes data) {
  frame(out, 'p', [&](Writer& writer) {
    writer.cstring(mechanism);
    writer.u32(static_cast<std::uint32_t>(data.size()));
    writer.bytes(data);
  });
}

void sasl_response(std::string& out, Bytes data) { bytes_frame(out, 'p', data); }

void error(std::string& out, const ErrorText& e) { error_frame(out, 'E', e); }
void error_at(std::string& out, Bytes body, std::uint32_t position) {
  frame(out, 'E', [&](Writer& writer) {
    while (!body.empty() && body[0] != '\0') {
      const auto field = body.substr(0, body.find('\0'));
      body.remove_prefix(std::min(body.size(), field.size() + 1));
      writer.u8(static_cast<std::uint8_t>(field[0]));
      writer.cstring(field[0] == 'P' ? std::string_view(std::to_string(position)) : field.substr(1));
    }
    writer.u8(0);
  });
}
void notice(std::string& out, const ErrorText& e) { error_frame(out, 'N', e); }

void authentication(std::string& out, std::uint32_t kind, Bytes data) {
  frame(out, 'R', [&](Writer& writer) {
    writer.u32(kind);
    writer.bytes(data);
  });
}

void parameter_status(std::string& out, std::string_view name, std::string_view value) {
  frame(out, 'S', [&](Writer& writer) {
    writer.cstring(name);
    writer.cstring(value);
  });
}

void backend_key(std::string& out, std::uint32_t process_id, Bytes secret) {
  frame(out, 'K', [&](Writer& writer) {
    writer.u32(process_id);
    writer.bytes(secret);
  });
}

void negotiate_version(std::string& out, std::uint32_t newest_minor, const std::vector<std::string>& unknown_options) {
  // The page says "minor version"; servers send, and libpq 18 expects, the whole version with its major half.
  constexpr std::uint32_t kMajor3 = 3U << 16;
  frame(out, 'v', [&](Writer& writer) {
    writer.u32(kMajor3 | newest_minor);
    writer.u32(static_cast<std::uint32_t>(unknown_options.size()));
    for (const auto& name : unknown_options) writer.cstring(name);
  });
}

void ready(std::string& out, char status) { bytes_frame(out, 'Z', Bytes(&status, 1)); }
void command_complete(std::string& out, std::string_view tag) { string_frame(out, 'C', tag); }

void row_description(std::string& out, const std::vector<Field>& fields) {
  frame(out, 'T', [&](Writer& writer) {
    count(writer, fields.size());
    for (const auto& field : fields) {
      writer.cstring(field.name);
      writer.u32(field.table);
      writer.u16(field.column);
      writer.u32(field.type);
      writer.u16(static_cast<std::uint16_t>(field.type_size));
      writer.u32(static_cast<std::uint32_t>(field.type_modifier));
      writer.u16(static_cast<std::uint16_t>(field.format));
    }
  });
}

void data_row(std::string& out, const std::vector<std::optional<Bytes>>& row) {
  frame(out, 'D', [&](Writer& writer) { values(writer, row); });
}

void parameter_description(std::string& out, const std::vector<Oid>& types) {
  frame(out, 't', [&](Writer& writer) { oids(writer, types); });
}

void copy_in_response(std::string& out, std::uint8_t overall_format, std::size_t columns) {
  frame(out, 'G', [&](Writer& writer) {
    writer.u8(overall_format);
    formats(writer, std::vector<Format>(columns, static_cast<Format>(overall_format)));
  });
}

void parse_complete(std::string& out) { empty_frame(out, '1'); }
void bind_complete(std::string& out) { empty_frame(out, '2'); }
void close_complete(std::string& out) { empty_frame(out, '3'); }
void no_data(std::string& out) { empty_frame(out, 'n'); }
void empty_query(std::string& out) { empty_frame(out, 'I'); }
void portal_suspended(std::string& out) { empty_frame(out, 's'); }

}  // namespace shardway::protocol::postgres::encode
