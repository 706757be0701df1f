#include "tfw_app.h"

int main(void)
{
    tfw_setup();
    for (;;) {
        tfw_loop();
    }
}
