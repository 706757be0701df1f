"""Parts that real boards carry beside their processor, register by register as their data sheets say.

``wiring`` says which board has which; ``imu`` is what the motion sensors have in common.
"""
