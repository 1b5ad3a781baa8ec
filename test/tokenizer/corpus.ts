/** Texts that tokenizers find hard, all in Unicode's composed form (NFC) unless a list says otherwise. */

export const LANGUAGES = [
  "the cat and the hat, don\u2019t you think? He said: \u201cI'll SEE you; we'RE late\u201d\u2026",
  'Gr\u00fc\u00dfe, na\u00efve caf\u00e9: \u017elu\u0165ou\u010dk\u00fd k\u016f\u0148 \u00fap\u011bl \u010f\u00e1belsk\u00e9 \u00f3dy',
  'Ti\u1ebfng Vi\u1ec7t c\u00f3 nhi\u1ec1u d\u1ea5u; \u0130stanbul\u2019da \u0131l\u0131k bir ak\u015fam',
  '\u039f \u03ae\u03bb\u03b9\u03bf\u03c2 \u1f00\u03bd\u03b1\u03c4\u03ad\u03bb\u03bb\u03b5\u03b9 \u03ba\u03b1\u1f76 \u03b4\u03cd\u03b5\u03b9',
  '\u0421\u044a\u0435\u0448\u044c \u0435\u0449\u0451 \u044d\u0442\u0438\u0445 \u043c\u044f\u0433\u043a\u0438\u0445 \u0431\u0443\u043b\u043e\u043a, \u0432\u044b\u043f\u0435\u0439 \u0447\u0430\u044e!',
  '\u0627\u0644\u0639\u0631\u0628\u064a\u0629 \u062a\u064f\u0643\u0652\u062a\u064e\u0628\u064f \u0645\u0650\u0646\u064e \u0627\u0644\u064a\u064e\u0645\u0650\u064a\u0646 \u0661\u0662\u0663\u0664\u060c \u0646\u0639\u0645\u061f',
  '\u05e2\u05b4\u05d1\u05b0\u05e8\u05b4\u05d9\u05ea \u05e2\u05dd \u05e0\u05d9\u05e7\u05d5\u05d3',
  '\u0939\u093f\u0928\u094d\u0926\u0940 \u092e\u0947\u0902 \u0932\u093f\u0916\u093e \u0917\u092f\u093e \u0935\u093e\u0915\u094d\u092f\u0964 \u0967\u0968\u0969',
  '\u0e20\u0e32\u0e29\u0e32\u0e44\u0e17\u0e22\u0e40\u0e02\u0e35\u0e22\u0e19\u0e15\u0e34\u0e14\u0e01\u0e31\u0e19 \u0e52\u0e55\u0e56\u0e57',
  '\u6728\u6728\u6728\u3002\u4e2d\u6587\u6ca1\u6709\u7a7a\u683c\uff0c\u4f46\u6709\u5168\u89d2\uff11\uff12\uff13\u548cABC',
  '\u65e5\u672c\u8a9e\u306e\u30c6\u30ad\u30b9\u30c8\u3001\u304c\u304e\u3050\u3068\u30ab\u30bf\u30ab\u30ca\u30fc\uff01\u3000\u5168\u89d2\u306e\u7a7a\u767d',
  '\ud55c\uad6d\uc5b4 \ubb38\uc7a5\uc740 \ub744\uc5b4\uc4f0\uae30\ub97c \ud55c\ub2e4',
  '\u1245\u12f5\u1218 \u1275\u1295\u1273\u1294 \u10e5\u10d0\u10e0\u10d7\u10e3\u10da\u10d8 \u0540\u0561\u0575\u0565\u0580\u0565\u0576 \u0ba4\u0bae\u0bbf\u0bb4\u0bcd',
]

export const EMOJI = [
  '\u{1f469}\u200d\u{1f469}\u200d\u{1f467}\u200d\u{1f466} \u{1f331}\u{1f1e8}\u{1f1ed}\u{1f1ef}\u{1f1f5}',
  '\u{1f44d}\u{1f3fd}\u{1f468}\u{1f3ff}\u200d\u{1f680} \u2764\ufe0f 5\ufe0f\u20e3 \u{1f3f4}\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}',
  '\u{1d573}\u{1d58a}\u{1d591}\u{1d591}\u{1d594} \u{20000}\u{2a6d6} \u{12000} \u{10ffff}\ue000\u{f0000}',
]

export const CODE = [
  'def f(x):\n\treturn {"a": [1, 2.5], \'b\': x ** 2}  # , . !\n\n\n',
  'for (let i = 0; i <= 10; i++) {\r\n    if (!a[i]?.b) continue;\r\n\t\tconsole.log(`$i 100%`)\r\n}\r\n',
  "SELECT *\n  FROM t\n WHERE x <> 'it''s' -- 3.14e-10\n",
  '<p class="x">a &amp; b</p>\n\n\n    <!-- \\o/ -->',
  'fn main() { let v: Vec<u8> = vec![0xFF; 1_000]; println!("{v:?}") }',
  '\\frac{\\partial u}{\\partial t} = \\alpha\\nabla^2 u $$x_{i+1}$$',
]

export const SPACES = [
  '',
  ' ',
  '  ',
  '\n',
  '\r\n\r\n',
  '\t \n \t\n',
  ' leading',
  'trailing ',
  '   leading, trailing   ',
  'a  b   c    d     e      f',
  'a\u00a0b\u2003c\u3000d\u2028e\u0085f\u200bg\u202fh',
  ' '.repeat(50),
  '\n'.repeat(20),
]

export const LONG_WORD = 'Donaudampfschifffahrtselektrizit\u00e4tenhauptbetriebswerkbauunterbeamtengesellschaft'

export const ODDITIES = [
  'a\u0000b\ufffdc',
  '\u0001\u0007\u001b[31m\u007f',
  '\ufeffmark \ufeff in the middle \ufeff',
  '\ufeff',
  '\ufffd\ufffd',
  '0 12 345 6789 12345678901234567890 3.14 1,000 \u00bd \u2167 \u00b2 \u0665 1st',
  'a'.repeat(300),
  '\u6728'.repeat(100),
  LONG_WORD,
  '<s>text</s> <unk> <|begin|>x<|end|> <0x0A> <0xE6> [INST] <|im_start|>',
  "'s 't 'LL 'Ve ''d it's IT'S \u2019s",
  'a <mask> b <mask>  <|user|>\n\n x<|user|><|user|> [INST] two words two\n\n\n word caf\u00e9 <mask><|user|> ',
  '__proto__ constructor toString',
  '!!!???...---===```""" ((([[[{{{',
]

/** Texts in other forms than the composed one, which tokenizers that normalise give back composed. */
export const DECOMPOSED = [
  'e\u0301 cafe\u0301 A\u030a n\u0303',
  '\u1112\u1161\u11ab\u1100\u116e\u11a8',
  '\u304b\u3099\u304d\u3099',
  '\u212b \u2126 q\u0307\u0323',
]

export const CORPUS = [...LANGUAGES, ...EMOJI, ...CODE, ...SPACES, ...ODDITIES]

/** Halves of characters that JavaScript lets a string have; they are read as U+FFFD. */
export const ILL_FORMED = ['\ud83c', 'a\udf31b', '\udf31\ud83c', '\ud83d\ud83c\udf31\udf31']
