// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * kestrel - stream samples of the machine's load from /dev/kestrel
 *
 * A sample is taken every interval_ms while at least one reader has the device
 * open. The newest samples are kept in a ring that all readers share; each
 * reader has its own place in it and sees only what is sampled after its open.
 * A reader that falls behind by more than the ring skips to the oldest sample
 * left, which shows as a gap in the sequence numbers.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/build_bug.h>
#include <linux/cpumask.h>
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/log2.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/sched/loadavg.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/timekeeping.h>
#include <linux/uaccess.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "kestrel_uapi.h"

#define RING_SIZE 256
#define INTERVAL_MS_MIN 10
#define INTERVAL_MS_MAX 60000

static unsigned int interval_ms = 1000;
module_param(interval_ms, uint, 0444);
MODULE_PARM_DESC(interval_ms, "Milliseconds between two samples, 10 to 60000, rounded up to ticks (default 1000)");

struct kestrel_reader {
	u64 next;	/* sequence number of the next sample to read */
};

/* The ring, its head and the readers' places in it. */
static DEFINE_SPINLOCK(ring_lock);
static struct kestrel_event ring[RING_SIZE];
static u64 ring_head;	/* sequence number of the next sample to take */

static DECLARE_WAIT_QUEUE_HEAD(ring_wait);

static void kestrel_sample(struct work_struct *work);
static DECLARE_DELAYED_WORK(sample_work, kestrel_sample);

/* Serialises starting and stopping of sample_work. */
static DEFINE_MUTEX(users_lock);
static unsigned int users;

static u64 pages_to_kib(u64 pages)
{
	return pages << (PAGE_SHIFT - 10);
}

static void kestrel_sample(struct work_struct *work)
{
	struct kestrel_event event = {
		.uptime_ns = ktime_get_boottime_ns(),
		.cpus_online = num_online_cpus(),
		.memory_total_kib = pages_to_kib(totalram_pages()),
		.memory_available_kib = pages_to_kib(max(si_mem_available(), 0L)),
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(event.load_hundredths); i++)
		event.load_hundredths[i] = (u64)READ_ONCE(avenrun[i]) * 100 >> FSHIFT;

	spin_lock(&ring_lock);
	event.sequence = ring_head;
	ring[ring_head % RING_SIZE] = event;
	ring_head++;
	spin_unlock(&ring_lock);

	wake_up_interruptible(&ring_wait);
	schedule_delayed_work(&sample_work, msecs_to_jiffies(interval_ms));
}

static bool kestrel_pending(struct kestrel_reader *reader)
{
	bool pending;

	spin_lock(&ring_lock);
	pending = reader->next != ring_head;
	spin_unlock(&ring_lock);
	return pending;
}

/* Copies the reader's next sample and moves on; false when there is none yet. */
static bool kestrel_take(struct kestrel_reader *reader, struct kestrel_event *event)
{
	bool pending;

	spin_lock(&ring_lock);
	pending = reader->next != ring_head;
	if (pending) {
		if (ring_head - reader->next > RING_SIZE)
			reader->next = ring_head - RING_SIZE;
		*event = ring[reader->next % RING_SIZE];
		reader->next++;
	}
	spin_unlock(&ring_lock);
	return pending;
}

static int kestrel_open(struct inode *inode, struct file *file)
{
	struct kestrel_reader *reader;

	reader = kzalloc(sizeof(*reader), GFP_KERNEL);
	if (!reader)
		return -ENOMEM;

	spin_lock(&ring_lock);
	reader->next = ring_head;
	spin_unlock(&ring_lock);
	file->private_data = reader;

	mutex_lock(&users_lock);
	if (users++ == 0)
		schedule_delayed_work(&sample_work, 0);
	mutex_unlock(&users_lock);

	return stream_open(inode, file);
}

static int kestrel_release(struct inode *inode, struct file *file)
{
	mutex_lock(&users_lock);
	if (--users == 0)
		cancel_delayed_work_sync(&sample_work);
	mutex_unlock(&users_lock);

	kfree(file->private_data);
	return 0;
}

static ssize_t kestrel_read(struct file *file, char __user *buffer, size_t count, loff_t *position)
{
	struct kestrel_reader *reader = file->private_data;
	struct kestrel_event event;
	size_t copied = 0;
	int err;

	if (count < sizeof(event))
		return -EINVAL;

	while (count - copied >= sizeof(event)) {
		if (kestrel_take(reader, &event)) {
			if (copy_to_user(buffer + copied, &event, sizeof(event)))
				return copied ? copied : -EFAULT;
			copied += sizeof(event);
			continue;
		}
		if (copied)
			break;
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		err = wait_event_interruptible(ring_wait, kestrel_pending(reader));
		if (err)
			return err;
	}
	return copied;
}

static __poll_t kestrel_poll(struct file *file, poll_table *wait)
{
	poll_wait(file, &ring_wait, wait);
	return kestrel_pending(file->private_data) ? EPOLLIN | EPOLLRDNORM : 0;
}

static long kestrel_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	static const struct kestrel_versions versions = {
		.api = {
			.major = KESTREL_API_MAJOR,
			.minor = KESTREL_API_MINOR,
			.patch = KESTREL_API_PATCH,
		},
		.schema = {
			.major = KESTREL_SCHEMA_MAJOR,
			.minor = KESTREL_SCHEMA_MINOR,
			.patch = KESTREL_SCHEMA_PATCH,
		},
	};

	if (command != KESTREL_IOC_VERSIONS)
		return -ENOTTY;
	if (copy_to_user((void __user *)argument, &versions, sizeof(versions)))
		return -EFAULT;
	return 0;
}

static const struct file_operations kestrel_fops = {
	.owner = THIS_MODULE,
	.open = kestrel_open,
	.release = kestrel_release,
	.read = kestrel_read,
	.poll = kestrel_poll,
	.unlocked_ioctl = kestrel_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

/* Readable by all, like /proc/loadavg and /proc/meminfo, which say the same. */
static struct miscdevice kestrel_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = KESTREL_DEVICE,
	.fops = &kestrel_fops,
	.mode = 0444,
};

static int __init kestrel_init(void)
{
	BUILD_BUG_ON(sizeof(struct kestrel_event) != 48);
	BUILD_BUG_ON(!is_power_of_2(RING_SIZE));

	if (interval_ms < INTERVAL_MS_MIN || interval_ms > INTERVAL_MS_MAX) {
		pr_err("interval_ms=%u is not between %d and %d\n",
		       interval_ms, INTERVAL_MS_MIN, INTERVAL_MS_MAX);
		return -EINVAL;
	}
	return misc_register(&kestrel_device);
}

/* An open device holds a reference to the module: no reader is left here. */
static void __exit kestrel_exit(void)
{
	misc_deregister(&kestrel_device);
}

module_init(kestrel_init);
module_exit(kestrel_exit);

MODULE_AUTHOR("The Kestrel authors");
MODULE_DESCRIPTION("Samples of the machine's load from /dev/kestrel");
MODULE_LICENSE("Dual MIT/GPL");
MODULE_VERSION(KESTREL_VERSION);
