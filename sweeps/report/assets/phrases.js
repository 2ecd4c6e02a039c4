/* What the record says in fixed words, in Chinese; the record itself stays English. A `{}` is data and stays as it is, a
   `{~}` is said in Chinese too where it is one of these, an `s?` may be missing. Of the Chinese `{1}` is the first of them. */

const PHRASES = {
  // marks and single words
  "stand-in: shows the method, not the model": "替身渲染（stand-in）：演示方法，不代表模型",
  "rehearsal: random weights, cost only": "预演（rehearsal）：随机权重，只看开销",
  "demo: this shows the method, not the model; a puppet rendered": "演示：展示方法，不代表模型；由木偶渲染",
  variant: "变体", "changed against v2": "相对 v2 的改动", "the history said": "历史结论", "measured against v2": "相对 v2 的测量", "so it is": "结论",
  baseline: "基准", demo: "演示", confirmed: "证实", contradicted: "不符", "impossible here": "此处不可行",
  metric: "指标", candidate: "候选", difference: "差值", margin: "界值", noise: "噪声", clips: "片段", verdict: "判定",
  worse: "更差", better: "更好", same: "相同", informs: "仅供参考", "not enough evidence": "证据不足",
  "(real footage)": "（实拍视频）", "a model": "模型", "stand-in": "替身", rehearsal: "预演",

  // the panels of curves
  "lips' parting\n% face width": "嘴唇开合\n% 脸宽", "colour distance\nΔE00": "颜色差异\nΔE00", "face sharpness\nLaplacian variance": "面部清晰度\n拉普拉斯方差",
  "speed\nface widths/s": "运动速度\n脸宽/秒", "LPIPS and likeness\nto the reference": "LPIPS 与相似度\n相对参考图",

  // under the table of figures
  "{} missing: {~} (every video)": "{1} 缺失：{2}（所有视频）", "{} missing: {~}": "{1} 缺失：{2}",
  "{} missing: {~} ({} and {} more settings)": "{1} 缺失：{2}（{3}，另有 {4} 个设置）",
  "mean ± half a 95 % interval over clips (Student t)": "各片段的均值 ± 95 % 置信区间的半宽（Student t）",
  "mean ± half a 95 % interval over clips (bootstrap over clips)": "各片段的均值 ± 95 % 置信区间的半宽（对片段做 bootstrap）",
  "{} (margin {})": "{1}（界值 {2}）", "{} (margin {}; {}/{} clips)": "{1}（界值 {2}；{3}/{4} 个片段）",
  "mean over clips": "各片段的均值", "seeds averaged inside a clip": "同一片段内先对种子取平均",
  "{~}, seeds averaged inside a clip": "{1}，同一片段内先对种子取平均",
  "Δ: difference to {}, paired by clip and seed": "Δ：与 {1} 的差值，按片段和种子配对",
  "n/N: how many have a value": "n/N：有值的个数", "Δ n/N: how many have one on both sides": "Δ n/N：两边都有值的个数",
  "{} of {} cells not yet done": "{2} 个单元中还有 {1} 个未完成",
  "(exp.): experimental, it failed its calibration (why: python -m eval calibrate --show)": "(exp.)：实验性，未通过校准（原因：python -m eval calibrate --show）",
  "(uncal.): not calibrated": "(uncal.)：未校准",
  "not measured: b/p/m closing, hands, gaze, neck and breath, bystanders, fixed smile, text: look yourself": "未测量：b/p/m 闭唇、手、视线、颈部与呼吸、旁人、僵住的微笑、文字：请自己看",
  "not measured: anything that shows in the videos": "未测量：视频里看得见的一切",
  "Δ {}/{} clips": "Δ {1}/{2} 个片段", "{}/{} clips": "{1}/{2} 个片段", "{}/{} videos": "{1}/{2} 个视频",

  // how a cell ended
  "failed as expected at {}: {~}": "在 {1} 阶段按预期失败：{2}", "failed as expected: {~}": "按预期失败：{1}", "failed as expected": "按预期失败",
  "failed at {}: {~}": "在 {1} 阶段失败：{2}", "failed at {}": "在 {1} 阶段失败", "failed: {~}": "失败：{1}", "impossible: {~}": "不可行：{1}", "pending: {~}": "未完成：{1}",
  "collapsed: {~}": "已合并：{1}", "done: {~}": "完成：{1}", "cannot differ from {}": "不可能与 {1} 有差别", done: "完成", failed: "失败", impossible: "不可行", pending: "未完成", collapsed: "已合并",
  "no server was seen yet": "尚未连上任何服务器",
  "its render is not in the store any more": "其渲染结果已不在存储中", "its score is not in the store any more": "其评分已不在存储中",
  "its video is no longer in the store": "视频已不在存储中", "its video cannot be decoded": "视频无法解码", "no preview of it could be written": "无法写入其预览",
  "not in this page, which would become larger than asked for (--max-mb)": "本页未包含：否则会超过所要求的大小（--max-mb）",

  // why a value is missing
  "weights absent: run {}": "缺少权重：运行 {1}", "weights absent: the own file {} of {} is not there": "缺少权重：{2} 的自备文件 {1} 不存在",
  "weights absent: {} cannot be read ({})": "缺少权重：无法读取 {1}（{2}）", "weights absent: {}": "缺少权重：{1}",
  "no evidence (p={})": "无统计证据（p={1}）", "not a finite number": "不是有限的数", "not a finite number ({})": "不是有限的数（{1}）",
  "no value, no reason given": "没有值，也没有给出原因", "not scored": "未评分", "not among the metrics scored": "不在所评的指标之列", "not computed": "未计算",
  "nothing measured": "没有测到任何数据", "of a model only, this is the stand-in": "只对模型有意义，这里是替身",
  "of another card ({}), see the table by card": "来自另一种显卡（{1}），见按显卡分列的表", "broken: {~}": "损坏：{1}", "undecodable: {}": "无法解码：{1}",
  "no frames": "没有帧", "a single frame": "只有一帧", "black ({} of the frames)": "黑屏（占 {1} 的帧）", "noise ({} of the frames)": "满屏噪点（占 {1} 的帧）",
  "frozen ({} of the frames repeat the one before)": "定格（{1} 的帧与前一帧相同）", "the sound track is silent": "音轨无声",
  "wrong size: {} where {} was asked": "尺寸不对：{1}，要求的是 {2}", "wrong length: {} frames where {} were asked": "长度不对：{1} 帧，要求的是 {2} 帧",
  "models were loaded already": "模型此前已加载", "load time not told": "未报告加载时间",
  "cold: includes loading": "冷启动：含加载时间", "cold: the models were loaded for it": "冷启动：为它加载了模型",
  "not known whether it includes loading": "不知道是否含加载时间", "not known whether it is cold": "不知道是否为冷启动",
  "no timings": "没有计时", "from the server's cache: nothing was measured": "来自服务器缓存：没有测量", "no window times told": "未报告各窗口的用时", "no step times told": "未报告各步的用时",
  "one window: none is steady": "只有一个窗口：没有稳定的窗口", "too few steps were told apart": "能区分的步数太少",
  "the server's memory was not watched": "未监测服务器的内存", "the server's memory was not told": "未报告服务器的内存",
  "no answer of the server fell into this time": "这段时间内没有服务器的应答", "its beginning was not told": "未报告其开始时刻",
  "the server does not tell it (one on the CPU has no card)": "服务器不报告它（只用 CPU 的服务器没有显卡）",
  "no face": "没有人脸", "no face in the reference": "参考图中没有人脸", "no face in the tail": "尾段没有人脸", "no face at the end of the speech": "语音结束处没有人脸",
  "no landmarks in the video": "视频中没有人脸关键点", "no {} in the video": "视频中没有 {1}", "no {} in the reference": "参考图中没有 {1}", "{} not seen at both ends": "首尾两端没有都看到 {1}",
  "the face has no colour to compare with": "人脸没有可供比较的颜色", "no neighbouring frames with a face": "没有相邻的有脸的帧", "no background beside the person": "人物旁没有背景",
  "face seen in {} of the frames, {} are needed": "{1} 的帧中看到人脸，需要 {2}",
  "no reference (--reference)": "没有参考图（--reference）", "no edge with two plateaus": "没有两侧平坦的边缘",
  "no footage of your own (--footage)": "没有自己的实拍视频（--footage）", "the mouth of your footage hardly moves": "实拍视频中的嘴几乎不动",
  "your footage was measured {}, this video {}": "实拍视频的测法是 {1}，这个视频是 {2}",
  "no speech: the video has no sound (--audio)": "没有语音：视频没有声音（--audio）", "no speech: {}": "没有语音：{1}", "sound cannot be decoded: {}": "声音无法解码：{1}",
  "the mouth or the speech does not move": "嘴或语音没有起伏", "the speech envelope does not move": "语音包络没有起伏", "no pause in the speech": "语音中没有停顿",
  "the speech is too short: {} windows of 0.2 s are needed, it has {}": "语音太短：需要 {1} 个 0.2 秒的窗口，只有 {2} 个",
  "too short: 33 frames in a row with a face are needed": "太短：需要连续 33 帧有人脸", "no window holds {} of SyncNet's": "没有一个窗口含有 {1} 个 SyncNet 窗口",
  "too short to turn the sound: {} windows, {} are needed": "太短，无法轮转声音：有 {1} 个窗口，需要 {2} 个", "too short for a slope": "太短，得不出斜率",
  "the video ends with the speech": "视频与语音同时结束", "the tail has {} frames, {} are needed": "尾段有 {1} 帧，需要 {2} 帧",
  "{} frames/s are too few to see blinks: {} are needed": "每秒 {1} 帧太少，看不出眨眼：需要 {2} 帧", "{} s with eyes in sight are too few: {} s are needed": "看得见眼睛的时间只有 {1} 秒，太少：需要 {2} 秒",
  "{} frames/s are too few: 2–7 Hz needs more than 14": "每秒 {1} 帧太少：2–7 Hz 需要多于 14 帧", "{} s are too short: {} s are needed": "{1} 秒太短：需要 {2} 秒",
  "nothing stands still": "没有静止的部分", "too few frames": "帧数太少", "no measured frames on both sides of a seam": "接缝两侧没有测到的帧", "nothing measured inside windows": "窗口内没有测到任何数据",
  "windows not known (--window, --motion-frame)": "窗口未知（--window、--motion-frame）", "one window: no seam": "只有一个窗口：没有接缝",

  // notes of a plan, and why a setting is impossible
  "motion_frame {} encodes {} overlap frames while the output is cut at {}; only 4n+1 values ({}, {}) are encoded whole": "motion_frame {1} 编码 {2} 个重叠帧，而输出在第 {3} 帧处截断；只有 4n+1 的值（{4}、{5}）会被完整编码",
  "motion_frame {} leaves no new frame in a window of {}": "motion_frame {1} 使 {2} 帧的窗口里没有新的帧", "frame_window_size {} is rounded down to {}": "frame_window_size {1} 会向下取整为 {2}",
  "{} {} is not divisible by 16 (nearest: {} and {}); the sampler fails on it": "{1} {2} 不能被 16 整除（最接近的是 {3} 和 {4}）；采样器会因此失败",
  "the reference frame is cropped for {} and will be stretched to {}": "参考帧按 {1} 裁剪，将被拉伸到 {2}",
  "the speech ({} s) is shorter than one window ({} s): its last sound is repeated": "语音（{1} 秒）比一个窗口（{2} 秒）短：会重复其最后的声音",
  "{} frames are held in the server's memory at once; videos of this length have killed servers": "服务器内存要同时容纳 {1} 帧；这样长的视频曾使服务器崩溃",
  "the prompt has a |: each part counts for one window": "提示词中有 |：每一部分只用于一个窗口",
  "quantization {} cannot be used with the GGUF model {}; it must be disabled": "quantization {1} 不能与 GGUF 模型 {2} 一起使用；必须设为 disabled",
  "LoRAs cannot be merged into a GGUF model": "LoRA 不能合并进 GGUF 模型", "quantization {} does not work with unmerged LoRAs": "quantization {1} 不能与未合并的 LoRA 一起使用",
  "quantization {} needs a scaled fp8 file, and {} is not named as one; disabled detects it": "quantization {1} 需要 scaled fp8 文件，而从文件名看 {2} 不是；设为 disabled 会自动识别",
  "a GGUF InfiniteTalk model needs a GGUF main model, got {}": "GGUF 的 InfiniteTalk 模型需要 GGUF 主模型，这里是 {1}",
  "{} beside a GGUF main model is meant to be refused by the wrapper but slips through": "{1} 与 GGUF 主模型并用，wrapper 本应拒绝，却放行了",
  "add_noise_floor adds noise without a seed: two renders of one cell differ": "add_noise_floor 加入的噪声没有种子：同一单元的两次渲染会不同",
  "output_path makes the wrapper write pictures and return no video": "设了 output_path，wrapper 会写图片而不返回视频",
  "mode {} with this model runs MultiTalk, not InfiniteTalk": "mode {1} 配这个模型运行的是 MultiTalk，不是 InfiniteTalk",
  "trim_to_audio has been seen to drop the last frame": "已知 trim_to_audio 会丢掉最后一帧", "save_metadata is off: the video cannot prove which graph made it": "save_metadata 已关闭：视频无法证明由哪个工作流生成",
  "pingpong plays the video backwards again: no lip can follow the speech": "pingpong 会把视频再倒放一遍：口型无法跟上语音", "loop_count repeats the video: its frames are no more than the first round": "loop_count 会重复视频：多出的帧只是第一遍的重复",
  "the speech is cut into {} frames a second and the video plays {}: no lip can follow it; set both alike": "语音按每秒 {1} 帧切分，视频每秒播放 {2} 帧：口型无法跟上；请设为相同",
  "{} frames a second: InfiniteTalk is trained at {}": "每秒 {1} 帧：InfiniteTalk 以 {2} 帧训练", "the video's frame rate is computed on the server": "视频的帧率由服务器计算",
  "attention_mode {} needs the package sageattention; without it loading the model fails": "attention_mode {1} 需要 sageattention 包；没有它，加载模型会失败",
  "colormatch {} needs the package color_matcher, imported only after the first window": "colormatch {1} 需要 color_matcher 包，它在第一个窗口之后才被导入",
  "no known wrapper version offers colormatch adain; reinhard is the nearest equivalent": "没有哪个已知版本的 wrapper 提供 colormatch adain；最接近的是 reinhard",
  "normalize_loudness needs the package pyloudnorm, imported only when the speech is encoded": "normalize_loudness 需要 pyloudnorm 包，它在编码语音时才被导入",
  "at cfg 1 the negative prompt is never read": "cfg 为 1 时根本不读负面提示词", "the whole speech fits one window, nothing overlaps": "整段语音放得进一个窗口，没有重叠",
  "ratio weighs tiles against the whole picture, and there is no more than one tile": "ratio 权衡分块与整图，而这里不多于一块", "there is no image_2 to combine with": "没有可与之组合的 image_2", "there is no image_2": "没有 image_2",
  "there is one speaker": "只有一个说话人", "low_mem_load is about merging, and merge_loras is off": "low_mem_load 只影响合并，而 merge_loras 已关闭", "VAE tiling is off": "VAE 分块已关闭",
  "{}: decoding a cached sampler again washes the video out; never sweep what only the decoder reads": "{1}：对缓存的采样结果再次解码会使画面发灰；不要扫描只有解码器读取的值",
  "{} loads a file of its own; its content is not part of the recipe": "{1} 加载自己的文件；其内容不计入配方", "{} has no audio: the videos will be silent": "{1} 没有音频：视频将是无声的",
  "{} writes another sound than the speech that drives the lips": "{1} 写入的声音不是驱动口型的语音", "{} both take the reference frame": "{1} 都使用参考帧",
  "{}: the link from {} to {} is replaced by the value": "{1}：从 {2} 到 {3} 的连线由该值取代", "{}: the link from {} is replaced by the value": "{1}：来自 {2} 的连线由该值取代",

  // a comparison with the baseline
  "invalid: {~}": "无效：{1}", "REGRESSION in {}": "退化：{1}", "no regression in {} primary metrics?": "{1} 个主要指标均无退化", "better in {}": "更好：{1}", "not enough evidence on {}": "证据不足：{1}", "worse among the others: {}": "其余指标中更差：{1}",
  "not enough evidence: about {} more clips?": "证据不足：大约还需 {1} 个片段", "not enough evidence: more clips than are worth it": "证据不足：所需片段之多，不值得", "not enough evidence: two clips at least": "证据不足：至少需要两个片段",
  "missing on {} and {} more: {~}": "在 {1} 等片段上缺失（另有 {2} 个）：{3}", "missing on {}: {~}": "在 {1} 上缺失：{2}",
  "* primary: they decide, by intervals after Holm over all of them; the others inform. same: within the margin": "* 主要指标：由它们决定，区间经过对全部主要指标的 Holm 校正；其余仅供参考。相同：在界值之内",
  "power: a true change of one metric by twice its margin is called: {}": "检验功效：某个指标真实变化达界值的两倍时，被判出的概率：{1}",
  "noise: what seeds alone do to the difference, 95 %": "噪声：仅由种子造成的差值，95 %", "no value on both sides: {}": "两边没有都取到值：{1}",
  "{} was rendered by {~}, {} by {~}": "{1} 由{2}渲染，{3} 由{4}渲染", "the two sides have no clip in common": "两边没有共同的片段", "pictures or speech changed: {}": "图片或语音已改变：{1}",
  "the two sides were judged differently (settings of scoring, versions of metrics, weights): action=score judges stored videos again": "两边的评分方式不同（评分设置、指标版本、权重）：action=score 会对存储中的视频重新评分",
  "{}, a primary metric, has no value at all in {}": "主要指标 {1} 在 {2} 中完全没有值", "{}, a primary metric, has no clip with a value on both sides": "主要指标 {1} 没有两边都有值的片段",
  "no primary metric is left to decide": "没有剩下可作决定的主要指标",
  "{} of {} cells of {} are not done: the sweep's command goes on": "{3} 的 {2} 个单元中有 {1} 个未完成：再次运行该扫描的命令即可继续",
  "{} of {} cells of {} are not in the store any more: its run's id may still name their figures in MLflow": "{3} 的 {2} 个单元中有 {1} 个已不在存储中：用它的 run id 或许还能在 MLflow 中找到其数值",
  "the environment of {} is unverified (server.release=LABEL names it)": "{1} 的环境未经核实（用 server.release=LABEL 标明）", "the environment of {} is unverified: name what is installed with server.release=LABEL": "{1} 的环境未经核实：用 server.release=LABEL 标明所安装的版本",
  "environment and settings both differ: a difference may be due to either": "环境和设置都不同：差值可能来自其中任何一个", "on one side only, and not compared: {}": "只在一边有，不作比较：{1}",
  "{} decides nothing: {~}": "{1} 不参与决定：{2}", "{} decides in place of {}, of which neither side has a value": "{2} 两边都没有值，由 {1} 代替它决定",
  "what adopted videos took is not known": "导入的视频的开销无从得知", "rendered on different cards ({}), cost is theirs and not the settings'": "渲染所用的显卡不同（{1}），开销反映的是显卡而不是设置",

  // under the tuning history
  "↑ ↓ = ↕: what a measure must do for the verdict to hold: rise, fall, stay within the margin, leave it": "↑ ↓ = ↕：结论要成立，测量值须上升、下降、留在界值之内、超出界值",
  "v4_13 and v4_17 are no variants of the history: only 4n+1 frames are encoded whole, so they tell whether V4's verdict is that of more overlap, or of 15": "v4_13 和 v4_17 不是历史中的变体：只有 4n+1 帧会被完整编码，所以它们能说明 V4 的结论来自更多的重叠，还是来自 15 这个值",
};

const DEEPEST = 4;

/** The phrases with holes, the longest first: how each is recognised, which holes are said too, what it is in Chinese. */
const FORMS = Object.entries(PHRASES).filter(([form]) => /\{~?\}/.test(form)).sort(([one], [two]) => two.length - one.length).map(([form, zh]) => [
  new RegExp(`^${form.replace(/[.*+^$()|[\]\\]/g, "\\$&").replaceAll("{}\\)", "([^()]+)\\)").replaceAll("{}", "(.+?)").replaceAll("{~}", "(.+)")}$`, "s"),
  [...form.matchAll(/\{(~?)\}/g)].map(([, mark]) => mark), zh]);

/** A text that is one of the phrases as a whole, in Chinese; null for any other. */
function phrase(text, deep) {
  const dot = text.endsWith(".") && !Object.hasOwn(PHRASES, text), bare = dot ? text.slice(0, -1) : text;
  const end = dot ? "。" : "";
  if (Object.hasOwn(PHRASES, bare)) return PHRASES[bare] + end;
  for (const [form, marks, zh] of FORMS) {
    const found = form.exec(bare);
    if (found) return zh.replace(/\{(\d)\}/g, (_, at) => (marks[at - 1] ? said(found[at], deep - 1) : found[at])) + end;
  }
  return null;
}

/** What the record says, in the language that is shown: a phrase, several after one another, one behind a name, or one
    before brackets. All else is data, and stays as it is. */
function said(text, deep = DEEPEST) {
  if (language !== "zh" || !deep) return text;
  const whole = phrase(text, deep);
  if (whole !== null) return whole;
  const parts = text.split("; "), told = parts.length > 1 ? parts.map((one) => phrase(one, deep)) : [];
  if (told.some((one) => one !== null)) return parts.map((one, at) => told[at] ?? one).join("；");
  for (let at = text.indexOf(" ("); at >= 0 && text.endsWith(")"); at = text.indexOf(" (", at + 1)) {
    const head = phrase(text.slice(0, at), deep);
    if (head !== null) return `${head}（${said(text.slice(at + 2, -1), deep - 1)}）`;
  }
  for (let at = text.indexOf(": "); at >= 0; at = text.indexOf(": ", at + 1)) {
    const rest = said(text.slice(at + 2), deep - 1);
    if (rest !== text.slice(at + 2)) return `${text.slice(0, at)}：${rest}`;
  }
  return text;
}
