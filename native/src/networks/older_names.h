// What files of a component call by other names than its network does, and what they hold besides.
#pragma once

#include "io/checkpoint.h"

namespace allaprima::networks {

void accept_older_text_encoder(Checkpoint& checkpoint);
void accept_older_vae(Checkpoint& checkpoint);

}  // namespace allaprima::networks
