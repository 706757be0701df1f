#include "tfg/tfg_copy.h"

#include <string.h>

#include "../tfg_internal.h"

void tfg_copy(const tfg_copy_t *p, const void *input, void *output)
{
    memmove(output, input, (size_t)p->bytes);
}
