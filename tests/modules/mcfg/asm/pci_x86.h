/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's header, which several of its files include here in one, and with the machine's
 * memory in place of real memory
 */
#pragma once
#include_next <asm/pci_x86.h>

u32 memory_read(const void __iomem *virt, int len);
void memory_write(void __iomem *virt, int len);

#define mmio_config_readb(pos)		memory_read(pos, 1)
#define mmio_config_readw(pos)		memory_read(pos, 2)
#define mmio_config_readl(pos)		memory_read(pos, 4)
#define mmio_config_writeb(pos, value)	memory_write(pos, 1)
#define mmio_config_writew(pos, value)	memory_write(pos, 2)
#define mmio_config_writel(pos, value)	memory_write(pos, 4)
