// What the files of the parser share; nobody else includes this.
#pragma once

#include <string_view>

#include "sdp/session_description.h"

namespace parley::sdp {

// A reason for people, or empty if all is well.
using Complaint = std::string_view;

// One a= line, given without "a=", of the session or of a section. Attributes without a field go
// to the list of others.
Complaint readSessionAttribute(SessionDescription& session, std::string_view line);
Complaint readMediaAttribute(MediaDescription& media, std::string_view line);

// "IN IP4 192.0.2.1"
Complaint readConnection(ConnectionData& out, std::string_view text);

// Gives the payload types that need no a=rtpmap their name (RFC 3551 section 6).
void nameStaticPayloadTypes(MediaDescription& media);

}  // namespace parley::sdp
