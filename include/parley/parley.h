// All of Parley's public API.
#pragma once

#include "parley/async.h"
#include "parley/certificate.h"
#include "parley/configuration.h"
#include "parley/data_channel.h"
#include "parley/error.h"
#include "parley/executor.h"
#include "parley/ice_candidate.h"
#include "parley/log.h"
#include "parley/peer_connection.h"
#include "parley/report.h"
#include "parley/room.h"
#include "parley/session_description.h"
#include "parley/stats.h"
#include "parley/transports.h"
