/* The guest of the console's bench: no system, only this. It shows 1920x1080 through virtio-gpu's 2D commands.
 *
 * At first the picture keeps still. F12 sets it in motion and stops it: 60 times a second every pixel is another one,
 * and a byte goes to port 0xe9. Every other key turns the square at 64,64 from black to white and back, at once. While
 * nothing happens the processor sleeps. The pictures, gradients that no packing makes small, are drawn beforehand and
 * shown in turn: so that QEMU and the viewer, not the emulated processor, are what is measured.
 *
 * gcc -m32 -ffreestanding -nostdlib -static -no-pie: a multiboot kernel, which QEMU's -kernel starts within a second.
 */
#include <stdint.h>

enum { WIDTH = 1920, HEIGHT = 1080, PICTURES = 16, ROW = WIDTH * 4, SQUARE = 64, SIDE = 64 };
enum { QUEUE = 8, RATE = 60, F12 = 0x58 };

__attribute__((section(".multiboot"), used)) static const uint32_t multiboot[3] = {0x1badb002, 0, -0x1badb002};
static uint32_t *const pixels = (uint32_t *)0x1000000;

static inline void out8(uint16_t port, uint8_t v) { __asm__ volatile("outb %0, %1" ::"a"(v), "Nd"(port)); }
static inline void out32(uint16_t port, uint32_t v) { __asm__ volatile("outl %0, %1" ::"a"(v), "Nd"(port)); }
static inline uint8_t in8(uint16_t port) {
	uint8_t v;
	__asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}
static inline uint32_t in32(uint16_t port) {
	uint32_t v;
	__asm__ volatile("inl %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

/* ---------------------------------------------------------------- interrupts: they only wake */

static volatile uint32_t ticks;
static const uint64_t gdt[3] __attribute__((aligned(8))) = {0, 0x00cf9a000000ffffull, 0x00cf92000000ffffull};
static struct { uint16_t low, selector, kind, high; } idt[48] __attribute__((aligned(8)));
struct pointer { uint16_t limit; uint32_t base; } __attribute__((packed));

__asm__(".globl tick_entry, key_entry, start\n"
	"tick_entry: incl ticks\n push %eax\n mov $0x20, %al\n outb %al, $0x20\n pop %eax\n iret\n"
	"key_entry: push %eax\n mov $0x20, %al\n outb %al, $0x20\n pop %eax\n iret\n"
	"start: cli\n mov $0x90000, %esp\n call run\n");
void tick_entry(void), key_entry(void);

static void gate(int number, void (*entry)(void)) {
	idt[number].low = (uint32_t)entry;
	idt[number].high = (uint32_t)entry >> 16;
	idt[number].selector = 8;
	idt[number].kind = 0x8e00;
}

static void interrupts(void) {
	struct pointer g = {sizeof gdt - 1, (uint32_t)gdt}, i = {sizeof idt - 1, (uint32_t)idt};
	uint32_t rate = 1193182 / RATE;
	__asm__ volatile("lgdt %0\n ljmp $8, $1f\n1: mov $16, %%eax\n mov %%eax, %%ds\n mov %%eax, %%es\n mov %%eax, %%ss"
			 ::"m"(g) : "eax", "memory");
	gate(32, tick_entry);
	gate(33, key_entry);
	__asm__ volatile("lidt %0" ::"m"(i));
	out8(0x20, 0x11), out8(0x21, 32), out8(0x21, 4), out8(0x21, 1), out8(0x21, 0xfc); /* timer and keyboard only */
	out8(0xa0, 0x11), out8(0xa1, 40), out8(0xa1, 2), out8(0xa1, 1), out8(0xa1, 0xff);
	out8(0x43, 0x34), out8(0x40, rate), out8(0x40, rate >> 8);
}

/* ---------------------------------------------------------------- virtio-gpu */

static struct { uint64_t address; uint32_t length; uint16_t flags, next; } table[QUEUE] __attribute__((aligned(16)));
static volatile struct { uint16_t flags, index, ring[QUEUE], event; } avail __attribute__((aligned(4)));
static volatile struct { uint16_t flags, index; struct { uint32_t id, length; } ring[QUEUE]; } used __attribute__((aligned(4)));
static uint32_t request[QUEUE / 2][16], answer[QUEUE / 2][8];
static volatile uint16_t *doorbell;

static uint32_t pci(int slot, int at) {
	out32(0xcf8, 0x80000000u | slot << 11 | (at & 0xfc));
	return in32(0xcfc) >> (at & 3) * 8;
}

static int find(void) {
	volatile uint8_t *common = 0, *notify = 0;
	uint32_t factor = 0;
	int slot = 0;
	while (slot < 32 && pci(slot, 0) != 0x10501af4)
		slot++;
	if (slot == 32)
		return 0;
	uint32_t command = pci(slot, 4);
	out32(0xcf8, 0x80000000u | slot << 11 | 4);
	out32(0xcfc, (command & 0xffff) | 6);
	for (int at = pci(slot, 0x34) & 0xfc; at; at = pci(slot, at + 1) & 0xfc) {
		if ((pci(slot, at) & 0xff) != 9)
			continue;
		int kind = pci(slot, at + 3) & 0xff, bar = pci(slot, at + 4) & 0xff;
		volatile uint8_t *place = (uint8_t *)((pci(slot, 0x10 + bar * 4) & ~15u) + pci(slot, at + 8));
		if (kind == 1)
			common = place;
		if (kind == 2)
			notify = place, factor = pci(slot, at + 16);
	}
	if (!common || !notify)
		return 0;
	common[0x14] = 0;
	common[0x14] = 1;
	common[0x14] = 3;
	*(volatile uint32_t *)(common + 8) = 1, *(volatile uint32_t *)(common + 12) = 1; /* VERSION_1 */
	common[0x14] = 11;
	*(volatile uint16_t *)(common + 0x16) = 0;
	*(volatile uint16_t *)(common + 0x18) = QUEUE;
	*(volatile uint32_t *)(common + 0x20) = (uint32_t)table, *(volatile uint32_t *)(common + 0x24) = 0;
	*(volatile uint32_t *)(common + 0x28) = (uint32_t)&avail, *(volatile uint32_t *)(common + 0x2c) = 0;
	*(volatile uint32_t *)(common + 0x30) = (uint32_t)&used, *(volatile uint32_t *)(common + 0x34) = 0;
	doorbell = (volatile uint16_t *)(notify + *(volatile uint16_t *)(common + 0x1e) * factor);
	*(volatile uint16_t *)(common + 0x1c) = 1;
	common[0x14] = 15;
	avail.flags = 1; /* no interrupts */
	return 1;
}

static int idle(void) { return used.index == avail.index; }

/* Puts a command into the queue: at most QUEUE / 2 before all of them are done. `words` go behind its header. */
static void put(uint32_t command, const uint32_t *words, int count) {
	int n = avail.index % (QUEUE / 2);
	for (int i = 0; i < 6; i++)
		request[n][i] = 0;
	request[n][0] = command;
	for (int i = 0; i < count; i++)
		request[n][6 + i] = words[i];
	table[n * 2].address = (uint32_t)request[n], table[n * 2].length = 24 + count * 4;
	table[n * 2].flags = 1, table[n * 2].next = n * 2 + 1;
	table[n * 2 + 1].address = (uint32_t)answer[n], table[n * 2 + 1].length = 24, table[n * 2 + 1].flags = 2;
	avail.ring[avail.index % QUEUE] = n * 2;
	__asm__ volatile("mfence" ::: "memory");
	avail.index++;
	__asm__ volatile("mfence" ::: "memory");
}

static void show(uint32_t x, uint32_t y, uint32_t width, uint32_t height, uint32_t from) {
	uint32_t transfer[] = {x, y, width, height, (from + y) * ROW + x * 4, 0, 1, 0}, flush[] = {x, y, width, height, 1, 0};
	put(0x105, transfer, 8);
	put(0x104, flush, 6);
	*doorbell = 0;
}

static void wait(void) {
	*doorbell = 0;
	while (!idle())
		__asm__ volatile("pause");
}

void run(void) {
	uint32_t create[] = {1, 2, WIDTH, HEIGHT}, attach[] = {1, 1, (uint32_t)pixels, 0, ROW * HEIGHT * PICTURES, 0};
	uint32_t scanout[] = {0, 0, WIDTH, HEIGHT, 0, 1}, from = 0, seen = 0;
	int moving = 0, white = 0, turn = 0;
	interrupts();
	for (uint32_t n = 0; n < PICTURES; n++)
		for (uint32_t y = 0; y < HEIGHT; y++)
			for (uint32_t x = 0; x < WIDTH; x++)
				pixels[(n * HEIGHT + y) * WIDTH + x] = 0x204060 + n * 0x010305 + y * 3 + x;
	if (!find())
		for (;;)
			__asm__ volatile("hlt");
	put(0x101, create, 4), put(0x106, attach, 6), put(0x103, scanout, 6);
	wait();
	show(0, 0, WIDTH, HEIGHT, 0);
	wait();
	out8(0xe9, 'R');
	for (;;) {
		__asm__ volatile("cli");
		for (uint8_t state; (state = in8(0x64)) & 1;) {
			uint8_t code = in8(0x60);
			if (state & 0x20 || code & 0x80)
				continue;
			if (code == F12)
				moving = !moving;
			else
				turn = 1;
		}
		if (turn && idle()) {
			turn = 0, white = !white;
			for (uint32_t y = SQUARE; y < SQUARE + SIDE; y++)
				for (uint32_t x = SQUARE; x < SQUARE + SIDE; x++)
					pixels[(from + y) * WIDTH + x] = white ? 0xffffff : 0;
			show(SQUARE, SQUARE, SIDE, SIDE, from);
		}
		if (moving && ticks != seen && idle()) {
			from = (from + HEIGHT) % (HEIGHT * PICTURES);
			show(0, 0, WIDTH, HEIGHT, from);
			out8(0xe9, '.');
		}
		seen = ticks;
		__asm__ volatile("sti\n hlt");
	}
}
