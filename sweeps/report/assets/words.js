/* What the page says, in English and Chinese. Metric and parameter names stay as they are: they are typed that way. */
const WORDS = {
  en: {
    settings: "settings", clips: "clips", clip: "clip", seed: "seed", all: "all", none: "none", baseline: "baseline",
    story: "The tuning history", gate: "Against the baseline", videos: "Videos", figures: "Figures", curves: "Over time", charts: "Charts", cost: "Cost", failures: "What failed",
    sheet: "Contact sheet", search: "Search", notes: "Notes", stamp: "Plan and environment", config: "whole config",
    play: "Play", pause: "Pause", frame: "frame", back: "one frame back", on: "one frame on", speed: "speed",
    seamBack: "to the seam before", seamOn: "to the next seam", swapAxes: "Swap rows and columns", size: "size",
    sound: "Sound of this video", asA: "Compare as A", asB: "Compare as B", pair: "A/B in place", swap: "Swap A and B",
    close: "Close", help: "Keys", open: "open the original", noVideo: "no video", notHere: "not in this page",
    differs: "what differs", missing: "missing", more: "all figures", of: "of", clipsWith: "clips", seam: "seam",
    windows: "windows of", load: "Draw the charts", loading: "unpacking …", draw: "Draw it", against: "against",
    scatter: "One figure against another", parallel: "All settings at once", slices: "Each parameter against each aim",
    pareto: "The aims against each other", front: "no other is better in all", breaks: "breaks a bound",
    importance: "Which parameters mattered", mean: "mean", each: "one video", form: "Videos here",
    masters: "as they came", theme: "Light or dark", language: "中文", shown: "shown", state: "state",
    seconds: "seconds", noCurves: "no curves: these videos were not scored", renders: "renders", setting: "setting",
    tooOld: "this browser is too old for the charts", linked: "Originals open from a page on disk, beside its store.",
    keys: [
      ["space", "play, pause"], ["← →", "one frame; with Shift one second"], ["[ ]", "seam before, next seam"],
      ["Tab", "from video to video"], ["m", "sound of the chosen video"], ["a b", "the chosen video as A, as B"],
      ["x", "swap A and B in place"], ["g", "swap rows and columns"], ["Esc", "close"], ["?", "this list"],
    ],
  },
  zh: {
    settings: "设置", clips: "片段", clip: "片段", seed: "种子", all: "全部", none: "无", baseline: "基准",
    story: "调优历程", gate: "与基准比较", videos: "视频", figures: "指标", curves: "随时间变化", charts: "图表", cost: "开销", failures: "失败记录",
    sheet: "缩略图总览", search: "搜索", notes: "说明", stamp: "计划与环境", config: "完整配置",
    play: "播放", pause: "暂停", frame: "帧", back: "后退一帧", on: "前进一帧", speed: "倍速",
    seamBack: "上一个接缝", seamOn: "下一个接缝", swapAxes: "行列互换", size: "大小",
    sound: "播放这个视频的声音", asA: "设为 A", asB: "设为 B", pair: "A/B 原位对比", swap: "切换 A 与 B",
    close: "关闭", help: "快捷键", open: "打开原片", noVideo: "没有视频", notHere: "本页未包含",
    differs: "不同之处", missing: "缺失", more: "全部指标", of: "/", clipsWith: "个片段", seam: "接缝",
    windows: "窗口边界取自", load: "绘制图表", loading: "正在解压……", draw: "绘制", against: "对比",
    scatter: "两个指标的散点图", parallel: "所有设置（平行坐标）", slices: "各参数与各目标的关系",
    pareto: "目标之间的取舍", front: "没有其他设置能在所有目标上都更好", breaks: "违反约束",
    importance: "参数重要性", mean: "均值", each: "单个视频", form: "本页视频",
    masters: "原片", theme: "切换浅色与深色", language: "English", shown: "显示", state: "状态",
    seconds: "秒", noCurves: "没有曲线：这些视频未评分", renders: "渲染次数", setting: "设置",
    tooOld: "浏览器版本太旧，无法显示图表", linked: "从磁盘打开本页、且存储就在旁边时，可以打开原片。",
    keys: [
      ["空格", "播放、暂停"], ["← →", "前后移动一帧；按住 Shift 移动一秒"], ["[ ]", "上一个接缝、下一个接缝"],
      ["Tab", "在视频之间切换"], ["m", "播放选中视频的声音"], ["a b", "把选中的视频设为 A、B"],
      ["x", "原位切换 A 与 B"], ["g", "行列互换"], ["Esc", "关闭"], ["?", "本列表"],
    ],
  },
};

let language = (navigator.language || "en").toLowerCase().startsWith("zh") ? "zh" : "en";

/** A word of the page in the language that is shown. */
const t = (key) => WORDS[language][key] ?? WORDS.en[key] ?? key;
