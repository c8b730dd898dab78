/*
 * Handshake messages of a peer: whatever they are, they are told in bounded, safe text. The first byte chooses the version.
 * Covers: src/tls/message.c
 */
#include "base/fuzzing.h"
#include "tls/message.h"

#include <string.h>

static void check_safe(const char *text)
{
    uint32_t point;
    for (size_t left = strlen(text), len; left > 0; text += len, left -= len) {
        len = mu_utf8_decode((const uint8_t *)text, left, &point);
        FUZZ_REQUIRE(len > 0 && point >= 0x20 && point != 0x7f && !(point >= 0x80 && point < 0xa0) && point != 0x202e);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mu_message message;
    if (size == 0)
        return 0;
    mu_message_decode(data + 1, size - 1, data[0] & 1, &message);
    FUZZ_REQUIRE(message.name && message.count <= MU_MESSAGE_FACTS_MAX);
    for (size_t i = 0; i < message.count; i++) {
        const mu_fact *fact = &message.facts[i];
        FUZZ_REQUIRE(fact->label && fact->items.count <= MU_FACT_ITEMS_MAX);
        FUZZ_REQUIRE(fact->left_out == 0 || fact->items.count == MU_FACT_ITEMS_MAX);
        for (size_t j = 0; j < fact->items.count; j++)
            check_safe(fact->items.items[j]);
    }
    mu_message_done(&message);
    return 0;
}
