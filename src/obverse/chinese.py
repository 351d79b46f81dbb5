"""What an answer says, in simplified Chinese: the keys of ``explain.ENGLISH``, and the advice of
``quality.MEASURES`` by the name of what is wrong."""

from __future__ import annotations

from collections.abc import Mapping

CHINESE: Mapping[str, str] = {
    "empty": "无从比较：目录是空的。",
    "known": "这是 {item}（{sure}）。",
    "unknown": "未能认出：最接近的是 {item}（{sure}）。",
    "uncalibrated": "最接近的是 {item}，占比 {sure}；这些步骤没有校准，因此不作认定。",
    "apart": "不能认作同一件：{pairing}",
    "rival": "{second} 几乎同样可能（{sure}），因此两者都不够有把握。",
    "rival, a place": "{second} 几乎同样可能（{sure}），因此两者都不够有把握；"
    "差别最大处：{where}，吻合度 {first} 对 {other}，整面 {whole} 对 {whole_other}。",
    "agrees": "它与{view}在 {share} 的面上吻合（得分 {score}，满分 1）{turned}。",
    "alike": "它整体上像{view}（得分 {score}，满分 1），但说不出像在哪里。",
    "points": "{pairs} 个匹配点中，有 {inliers} 个与{view}落在同一平面上。",
    "no points": "没有找到与{view}落在同一平面上的点。",
    "pairing": "{pairing}",
    "value": "两者的面值都读作 {view}。",
    "other value": "不利之处：目录图上写的是 {view}，照片上是 {photo}。",
    "shape": "照片上看得到它的外形，有 {view} 个角或花边。",
    "other shape": "不利之处：照片上的外形有 {photo} 个角或花边，目录图{other}。",
    "year": "年份读作 {written}（{sure}）。",
    "year, converted": "年份读作 {written}，即公元 {year} 年（{sure}）。",
    "another year": "年份读作 {written}（{sure}），{item} 没有这个年份。",
    "mark": "铸记读作 {mark}（{sure}）。",
    "another mark": "铸记读作 {mark}（{sure}），{item} 没有这个铸记。",
    "missing mark": "{item} 有铸记的地方没有铸记（{sure}）。",
    "no mark": "该有铸记的地方没有铸记（{sure}）。",
    "next": "其次是 {second}（{sure}）。",
    "next, another value": "其次是 {second}（{sure}），其目录图上写的是 {view}，照片上是 {photo}。",
    "next, another shape": "其次是 {second}（{sure}），其目录图{other}，"
    "而照片上的外形有 {photo} 个角或花边。",
    "next, a place": "其次是 {second}（{sure}）；"
    "差别最大处：{where}，吻合度 {first} 对 {other}，整面 {whole} 对 {whole_other}。",
    "next, points": "其次是 {second}（{sure}），匹配点 {other} 个，首选有 {first} 个。",
    "next, by design": "其次是 {second}（{sure}），比 {item} 更可能；后者仅凭图案排在首位。",
    "next, a copy": "{second}（{sure}）在目录中的图片几乎相同，因此两者平分可能性。",
    "next, a year": "{second}（{sure}）年份不同，由年份决定。",
    "next, a year and a mark": "{second}（{sure}）年份和铸记都不同，由二者决定。",
    "next, a mark": "{second}（{sure}）铸记不同，由铸记决定。",
    "counter": "不利之处：{where}，{second} 更吻合"
    "（{other} 对 {first}，整面 {whole_other} 对 {whole}）。",
    "weak": "不利之处：{where}，毫无吻合（吻合度 {first}，整面 {whole}）。",
    "advice": "{advice}。",
    "poor picture": "目录里给{item}换一张更清晰的图会有帮助："
    "现在这张随手拍出来只得 {expected} 分。",
    # parts of sentences
    "no corners": "上没有",
    "corners": "上有 {view} 个",
    "the side": "目录中的{side}",
    "side": "图片",
    "obverse": "正面",
    "reverse": "背面",
    "edge": "边",
    "other": "其他图片",
    "upright": "",
    "left": "，向左转了 {degrees}°",
    "right": "，向右转了 {degrees}°",
    "at": "{clock} 点钟方向{radius}",
    "centre": "中心",
    "rim": "近边缘处",
    "halfway": "半径中段",
    "inner": "近中心处",
    "with the date": "{where}，也就是年份所在处",
    "dates": "{where}，那里常有年份",
    "in photo": "{photo}上，{where}",
    "first photo": "第一张照片",
    "second photo": "第二张照片",
    "first object": "第一件",
    "second object": "第二件",
    # two photos of one thing
    "disagree": "两面对不上（{sure}）：第一面像 {first}，第二面像 {second}；"
    "是弄混了，还是错配币，还是赝品？",
    "same side": "两者是同一面；拍另一面会更有把握。",
    "no picture": "目录中没有{photo}那一面的图片。",
    "both": "两面都支持这个答案。",
    "neither": "两者都说明不了什么。",
    "other value, two": "其中一面上的面值不同。",
    # advice
    "not found": "没有找到圆形物体：请放在单一背景上，对好焦，占画面三分之一左右",
    "cut off": "边缘被切掉了：请后退，让整枚都在画面里",
    "covered": "有东西遮住了它，或与别的重叠：请单独摆放",
    "too small": "在画面里太小：请靠近，或放大",
    "oblique": "角度太斜：请把相机正对着它",
    "too dark": "太暗：请增加光线，或点按它来测光",
    "too bright": "太亮：请减少光线，或点按它来测光",
    "glare": "有反光：请稍微转动它，或移动灯光",
    "blurred": "照片模糊：请拿稳，或点按对焦",
}
