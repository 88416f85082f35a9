/**
 * One grey picture as H.264 that every browser plays: constrained baseline, one IDR slice, its macroblocks as raw samples
 * (I_PCM), so that nothing needs an encoder. Source: ITU-T H.264, 7.3.
 */

const macroblock = 16;
const profile = 66;
/** Constrained baseline. */
const constraints = 0xc0;
const level = 10;

/** Writes a NAL unit's payload bit by bit. */
class BitWriter {
  readonly #bytes: number[] = [];
  #free = 0;

  bits(value: number, count: number): this {
    for (let at = count - 1; at >= 0; at--) {
      if (this.#free === 0) {
        this.#bytes.push(0);
        this.#free = 8;
      }
      this.#free -= 1;
      this.#bytes[this.#bytes.length - 1] = (this.#bytes.at(-1) ?? 0) | (((value >>> at) & 1) << this.#free);
    }
    return this;
  }

  /** Exp-Golomb codes, ue(v); a signed zero is the same. */
  codes(...values: readonly number[]): this {
    for (const value of values) {
      const length = 32 - Math.clz32(value + 1);
      this.bits(0, length - 1).bits(value + 1, length);
    }
    return this;
  }

  align(): this {
    return this.bits(0, this.#free);
  }

  raw(bytes: readonly number[]): this {
    this.#bytes.push(...bytes);
    return this;
  }

  /** The unit with its header byte and stop bit. Its payload must hold no two zero bytes in a row. */
  unit(header: number): Buffer {
    this.bits(1, 1).align();
    return Buffer.from([header, ...this.#bytes]);
  }
}

const sequenceParameters = (side: number): Buffer => {
  const last = side / macroblock - 1;
  return (
    new BitWriter()
      .raw([profile, constraints, level])
      // Id, log2_max_frame_num - 4, pic_order_cnt_type, max_num_ref_frames.
      .codes(0, 0, 2, 1)
      .bits(0, 1)
      .codes(last, last)
      // Frames only, direct_8x8_inference, no cropping, no VUI.
      .bits(0b1100, 4)
      .unit(0x67)
  );
};

const pictureParameters = (): Buffer =>
  new BitWriter()
    .codes(0, 0)
    // CAVLC; then one slice group, one reference each way.
    .bits(0, 2)
    .codes(0, 0, 0)
    .bits(0, 3)
    .codes(0, 0, 0)
    .bits(0, 3)
    .unit(0x68);

const slice = (side: number, luma: number): Buffer => {
  const writer = new BitWriter()
    // First macroblock, an I slice, its parameters; frame_num; idr_pic_id; marking; QP.
    .codes(0, 7, 0)
    .bits(0, 4)
    .codes(0)
    .bits(0, 2)
    .codes(0);
  const samples = [...Array<number>(256).fill(luma), ...Array<number>(128).fill(128)];
  for (let count = (side / macroblock) ** 2; count > 0; count--) writer.codes(25).align().raw(samples);
  return writer.unit(0x65);
};

export interface H264Frame {
  /** As an MP4's sample holds it: each unit after its length. */
  readonly sample: Buffer;
  /** The body of the `avcC` box. */
  readonly configuration: Buffer;
}

const afterLength = (unit: Buffer, bytes: 2 | 4): Buffer => {
  const length = Buffer.alloc(bytes);
  length.writeUIntBE(unit.length, 0, bytes);
  return Buffer.concat([length, unit]);
};

/** A square picture of one grey. `side` is a multiple of 16. */
export const greyFrame = (side: number, luma = 122): H264Frame => ({
  sample: afterLength(slice(side, luma), 4),
  configuration: Buffer.concat([
    Buffer.from([1, profile, constraints, level, 0xff, 0xe1]),
    afterLength(sequenceParameters(side), 2),
    Buffer.from([1]),
    afterLength(pictureParameters(), 2),
  ]),
});
