// The work: SHA-256 of one block of 40 bytes, the seed, the part and the counter, until its first 32 bits are under a limit.
// The fast form is written out round by round, by this script, for a worker: without a round's loop and its arrays it is four times
// as fast, and a page may not make functions of text itself. What does not depend on the counter is done once for each part.
const K = [];
for (let n = 2; K.length < 64; n++) {
  let prime = 1;
  for (let d = 2; d * d <= n; d++) if (n % d < 1) prime = 0;
  if (prime) K.push(n);
}
const IV = K.slice(0, 8).map(p => Math.sqrt(p) % 1 * 2 ** 32 | 0);
K.forEach((p, i) => K[i] = Math.pow(p, 1 / 3) % 1 * 2 ** 32 | 0);

// The text of the worker: P prepares seed and part, F looks through `c` counters from `n`.
const workerText = () => {
  const rotate = (x, n) => `(${x}>>>${n}|${x}<<${32 - n})`;
  const turn = (x, a, b, c) => `(${rotate(x, a)}^${rotate(x, b)}^${c < 0 ? `${x}>>>${-c}` : rotate(x, c)})`;
  const W = i => 'w' + i % 16;
  const v = [...'abcdefgh'], before = [...v], numbers = [...K.keys()].slice(0, 16);
  let once = '', each = '';
  K.forEach((k, i) => {
    const [a, b, c, d, e, f, g, h] = v;
    let s = i < 16 ? '' : `${W(i)}=${W(i)}+${W(i + 9)}+${turn(W(i + 1), 7, 18, -3)}+${turn(W(i + 14), 17, 19, -10)}|0;`;
    s += `${h}=${h}+${turn(e, 6, 11, 25)}+(${g}^${e}&(${f}^${g}))+${W(i)}+${k}|0;${d}=${d}+${h}|0;` +
      `${h}=${h}+${turn(a, 2, 13, 22)}+(${a}&${b}|${c}&(${a}|${b}))|0;`;
    if (i < 9) once += s; else each += s;
    v.unshift(v.pop());
  });
  const state = before.map(x => `${x}=${x}0`);
  return `let ${before.map(x => x + '0')},s,w8;` +
    `function P(p){let ${before.map((x, i) => x + '=' + IV[i])},[${numbers.slice(0, 8).map(W)}]=s;w8=p;${once}` +
    `${before.map(x => `${x}0=${x}`).join(';')}}` +
    `function F(n,c,l){let [${numbers.slice(0, 8).map(i => 'v' + i)}]=s,v8=w8;for(c+=n;n<c;n++){` +
    `let ${state},${numbers.map(i => `w${i}=` + (i < 9 ? 'v' + i : ['n|0', 1 << 31, 0, 0, 0, 0, 320][i - 9]))};` +
    `${each}if(${IV[0]}+${v[0]}>>>0<l)return n}return -1}` +
    `onmessage=e=>{let [q,p,l]=e.data,r=-1;s=q;P(p);for(let n=0;r<0&&n<2**32;n+=512)r=F(n,512,l);postMessage([p,r])}`;
};

// The same as one would write it: for where there are no workers.
const search = (seed, part, limit, n, end) => {
  const w = new Int32Array(64);
  w.set([...seed, part, 0, 1 << 31, 0, 0, 0, 0, 320]);
  const turned = (x, a, b) => (x >>> a | x << 32 - a) ^ (x >>> b | x << 32 - b);
  for (; n < end; n++) {
    w[9] = n;
    let [a, b, c, d, e, f, g, h] = IV;
    for (let i = 0; i < 64; i++) {
      if (i > 15) w[i] = w[i - 16] + w[i - 7] + (turned(w[i - 15], 7, 18) ^ w[i - 15] >>> 3) + (turned(w[i - 2], 17, 19) ^ w[i - 2] >>> 10);
      h = h + (turned(e, 6, 11) ^ (e >>> 25 | e << 7)) + (g ^ e & (f ^ g)) + w[i] + K[i] | 0;
      const t = h + (turned(a, 2, 13) ^ (a >>> 22 | a << 10)) + (a & b | c & (a | b)) | 0;
      const next = d + h | 0;
      h = g; g = f; f = e; e = next; d = c; c = b; b = a; a = t;
    }
    if (IV[0] + a >>> 0 < limit) return n;
  }
  return -1;
};
