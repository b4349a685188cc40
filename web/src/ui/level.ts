// The microphone's level meter. Reads the stream and moves the bar by itself, twenty times a
// second: a level is not an event, and redrawing the page for it would be waste.

const kTickMs = 50;
/** Above this the microphone has been heard. */
const kHeard = 0.06;

export class LevelMeter {
  private context: AudioContext | null = null;
  private analyser: AnalyserNode | null = null;
  private source: MediaStreamAudioSourceNode | null = null;
  private stream: MediaStream | null = null;
  private timer: ReturnType<typeof setInterval> | null = null;

  constructor(private readonly root: Element, private readonly onHeard: () => void) {}

  /** Listens to `stream`; null lets go of everything. */
  listen(stream: MediaStream | null): void {
    if (stream === this.stream) return;
    this.stop();
    this.stream = stream;
    if (!stream || stream.getAudioTracks().length === 0 || typeof AudioContext === 'undefined') return;
    try {
      this.context = new AudioContext();
      this.source = this.context.createMediaStreamSource(stream);
      this.analyser = this.context.createAnalyser();
      this.analyser.fftSize = 512;
      this.source.connect(this.analyser);
    } catch {
      this.stop();
      return;
    }
    const samples = new Float32Array(this.analyser.fftSize);
    this.timer = setInterval(() => this.tick(samples), kTickMs);
  }

  private tick(samples: Float32Array<ArrayBuffer>): void {
    const bar = this.root.querySelector<HTMLElement>('.level-bar');
    if (!this.analyser) return;
    if (this.context?.state === 'suspended') void this.context.resume().catch(() => undefined);
    this.analyser.getFloatTimeDomainData(samples);
    let sum = 0;
    for (const sample of samples) sum += sample * sample;
    const level = Math.min(1, Math.sqrt(sum / samples.length) * 4);
    bar?.style.setProperty('transform', `scaleX(${level.toFixed(3)})`);
    if (level > kHeard) this.onHeard();
  }

  private stop(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.source?.disconnect();
    void this.context?.close().catch(() => undefined);
    this.timer = null;
    this.context = null;
    this.analyser = null;
    this.source = null;
    this.stream = null;
  }
}

/** Two soft notes, to hear whether the speakers work. */
export function playTone(): void {
  if (typeof AudioContext === 'undefined') return;
  const context = new AudioContext();
  const gain = context.createGain();
  gain.connect(context.destination);
  [523.25, 783.99].forEach((frequency, i) => {
    const tone = context.createOscillator();
    const from = context.currentTime + i * 0.22;
    tone.frequency.value = frequency;
    tone.connect(gain);
    tone.start(from);
    tone.stop(from + 0.3);
    if (i === 1) tone.onended = () => void context.close().catch(() => undefined);
  });
  gain.gain.setValueAtTime(0, context.currentTime);
  gain.gain.linearRampToValueAtTime(0.18, context.currentTime + 0.03);
  gain.gain.linearRampToValueAtTime(0, context.currentTime + 0.52);
}
