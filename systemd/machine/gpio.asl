DefinitionBlock ("", "SSDT", 2, "FGATE", "GPIOCHIP", 1)
{
    Scope (\_SB)
    {
        // The kernel's pinctrl-amd is built into Debian's kernel; its registers are 1 KiB of memory that the kernel is told to leave alone.
        Device (GPIO)
        {
            Name (_HID, "AMDI0030")
            Name (_UID, 0)
            Name (_STA, 0x0F)
            Name (_CRS, ResourceTemplate ()
            {
                Interrupt (ResourceConsumer, Level, ActiveLow, Shared) { 20 }
                Memory32Fixed (ReadWrite, 0x0F000000, 0x00000400)
            })
        }
    }
}
