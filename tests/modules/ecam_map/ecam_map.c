// SPDX-License-Identifier: GPL-2.0
/*
 * ecam_map - let a program map physical memory, as /dev/mem does, which the guest's kernel does not
 * have: with ECAM it sees functions that the kernel has not looked for, and uses it without the
 * kernel's locks
 *
 * /dev/ecam_map is mapped at the offset that is the address.
 */

#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>

static int ecam_map_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_page_prot = pgprot_noncached(vma->vm_page_prot);
	return io_remap_pfn_range(vma, vma->vm_start, vma->vm_pgoff,
				  vma->vm_end - vma->vm_start, vma->vm_page_prot);
}

static const struct file_operations fops = { .owner = THIS_MODULE, .mmap = ecam_map_mmap };
static struct miscdevice ecam_map = {
	.minor = MISC_DYNAMIC_MINOR, .name = "ecam_map", .fops = &fops,
};
module_misc_device(ecam_map);

MODULE_DESCRIPTION("Map physical memory into a program, for tests");
MODULE_LICENSE("GPL");
