#ifndef SERVICES_AGGREGATOR_SOURCE_JSON_SPACE_H_
#define SERVICES_AGGREGATOR_SOURCE_JSON_SPACE_H_

namespace windrow::aggregator {

// What may stand between the tokens of JSON (RFC 8259, section 2): less than the C library's
// spaces.
inline bool IsJsonSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_SOURCE_JSON_SPACE_H_
