"""What the names of maps tell, in the spellings of real packs and engines."""

from __future__ import annotations

import pytest

from imagegs.textures.map_names import KINDS, kind_of, map_names

# pack or engine: kind=names
PACKS = {
    "ambientCG": """
        color=Tiles036_1K-JPG_Color.jpg,Metal007_1K_Color.jpg,Bricks075A_16K-PNG_Color.png,Fabric026_8K_Color.exr
        normal=Tiles036_1K-JPG_NormalGL.jpg,Tiles036_1K-JPG_NormalDX.jpg,Metal007_1K_Normal.jpg
        roughness=Metal007_1K_Roughness.jpg,Wood049_4K-PNG_Roughness.png
        metallic=Metal007_1K_Metalness.jpg,PaintedMetal004_2K-JPG_Metalness.jpg
        occlusion=Rock035_2K-JPG_AmbientOcclusion.jpg
        displacement=Tiles036_1K-JPG_Displacement.jpg
        opacity=LeafSet015_1K-JPG_Opacity.jpg
        emissive=Lava004_1K-JPG_Emission.jpg
        other=Tiles036.png,Tiles036_PREVIEW.jpg,Fabric026_IdMask.png""",
    "Poly Haven": """
        color=brick_wall_001_diffuse_4k.jpg,wood_planks_diff_1k.jpg,rock_col_01_1k.jpg,rock_col_2_8k.png
        color=fabric_pattern_05_col_01_1k.png,leather_white_albedo_2k.jpg,coral_ground_02_coll1_1k.png
        normal=brick_wall_001_nor_gl_4k.exr,brick_wall_001_nor_dx_4k.png,rock_nor_1k.jpg
        roughness=brick_wall_001_rough_4k.exr,rusty_metal_02_rough_1k.jpg,rusty_metal_rough_1k.jpg
        metallic=rusty_metal_02_metal_1k.exr
        occlusion=brick_wall_001_ao_4k.jpg,concrete_rough_ao_1k.jpg
        displacement=brick_wall_001_disp_4k.png,rock_bump_8k.jpg,rock_displacement_16k.tif
        opacity=fern_02_alpha_1k.png,curtain_opacity_2k.png
        emissive=lantern_emission_1k.png,lamp_emit_1k.png
        orm=brick_wall_001_arm_4k.jpg
        other=rock_spec_1k.jpg,leaves_translucent_1k.png,brick_wall_001_mask_2k.png""",
    "Poliigon": """
        color=Bricks001_COL_VAR1_3K.jpg,Bricks001_COL_VAR2_3K.jpg,Leaf012_ALPHAMASKED_3K.png
        color=Poliigon_BrickReclaimedRunning_7787_BaseColor.jpg
        normal=Bricks001_NRM_3K.jpg,Bricks001_NRM16_3K.tif,Poliigon_BrickReclaimedRunning_7787_Normal.png
        roughness=Poliigon_BrickReclaimedRunning_7787_Roughness.jpg
        metallic=Poliigon_MetalRust_7642_Metallic.jpg,Metal01_METALNESS_3K.jpg
        occlusion=Bricks001_AO_3K.jpg,Poliigon_BrickReclaimedRunning_7787_AmbientOcclusion.jpg
        displacement=Bricks001_DISP_3K.jpg,Bricks001_DISP16_3K.tif,Bricks001_BUMP_3K.jpg
        orm=Poliigon_MetalRust_7642_ORM.jpg
        other=Bricks001_GLOSS_3K.jpg,Bricks001_REFL_3K.jpg,Leaf012_SSS_3K.jpg,Leaf012_TRANSMISSION_3K.jpg""",
    "Megascans": """
        color=xb_2K_Albedo.jpg,vlkhcbxia_4K_Diffuse.jpg,tgmmdfsdw_8K_BaseColor.jpg
        normal=xb_2K_Normal_LOD0.jpg,xb_2K_Normal.exr,xb_2K_NormalBump.jpg,tkelfcbva_4K_Normal_LOD3.jpg
        roughness=xb_2K_Roughness.jpg,vlkhcbxia_4K_Roughness_LOD1.jpg
        metallic=xb_2K_Metalness.jpg
        occlusion=xb_2K_AO.jpg
        displacement=xb_2K_Displacement.exr,xb_2K_Bump.jpg
        opacity=xb_2K_Opacity.jpg
        orm=T_vlkhcbxia_4K_ORDp.png,T_Rock_xb_4K_ORM.png
        other=xb_2K_Cavity.jpg,xb_2K_Gloss.jpg,xb_2K_Specular.jpg,xb_2K_Translucency.jpg,xb_2K_Fuzz.jpg""",
    "Unreal": """
        color=T_Rock_D.tga,T_Rock_BC.tga,T_Rock_DA.tga
        normal=T_Rock_N.tga,T_Rock_Normal.tga
        roughness=T_Rock_R.tga
        metallic=T_Rock_M.tga
        occlusion=T_Rock_AO.tga,T_Rock_O.tga
        displacement=T_Rock_H.tga
        emissive=T_Rock_E.png
        orm=T_Rock_MRA.png,T_Rock_ORM.tga,T_Rock_RMA.tga,T_Rock_ARM.tga,T_Rock_MRAO.tga,T_Rock_OcclusionRoughnessMetallic.png
        opacity=T_Rock_OpacityMask.tga
        other=T_Rock_S.tga,T_Rock_Mask.tga""",
    "Unity": """
        color=Rock_AlbedoTransparency.png,Rock_Albedo.png,Rock_BaseMap.png,Rock_MainTex.png,Rock_BaseColorMap.png
        normal=Rock_Normal.png,Rock_NormalMap.png,Rock_BumpMap.png,Rock_DetailNormalMap.png
        occlusion=Rock_OcclusionMap.png,Rock_Occlusion.png
        displacement=Rock_HeightMap.png,Rock_ParallaxMap.png
        emissive=Rock_EmissionMap.png,Rock_EmissiveColorMap.png
        orm=Rock_MetallicSmoothness.png,Rock_MaskMap.png,Rock_MetallicGlossMap.png,Rock_Mask_Map.png
        other=Rock_SpecularSmoothness.png,Rock_DetailMask.png""",
    "glTF": """
        color=BoomBox_baseColor.png,Default_albedo.jpg,Duck_base_color.png
        normal=BoomBox_normal.png,Default_normal.jpg
        occlusion=BoomBox_occlusion.png,Default_AO.jpg
        emissive=BoomBox_emissive.png,Default_emissive.jpg
        orm=BoomBox_roughnessMetallic.png,Default_metalRoughness.jpg,Helmet_metallicRoughness.png,Bottle_metallic_roughness.png
        orm=WaterBottle_occlusionRoughnessMetallic.png,Bottle_occlusion-roughness-metallic.png
        other=Chair_specularGlossiness.png""",
    "Substance": """
        color=Rock_BaseColor.1001.png,Rock_Base_Color.png,Rock_Base Color.png
        color=rock_basecolor_srgb.1002.exr,Rock_Diffuse.png
        normal=Rock_Normal_OpenGL.png,Rock_Normal_DirectX.png,Rock_Normal.1002.png,Rock_Normal_OpenGL.1011.png
        roughness=Rock_Roughness.1001.png,DefaultMaterial_Roughness.png,Metal_Roughness.png
        metallic=DefaultMaterial_Metallic.png
        occlusion=Rock_Mixed_AO.png,Rock_Ambient_occlusion.png,Rock_ambient_occlusion_map.png
        displacement=Rock_Height.png,Rock_Height_raw_32bit.exr
        emissive=Rock_Emissive.png
        opacity=Rock_Opacity.png
        other=Rock_Glossiness.png,Rock_Curvature.png,Rock_Thickness.png""",
    "3dtextures.me": """
        color=Brick_019_COLOR.jpg,Wood_Floor_basecolor.jpg
        normal=Brick_019_NORM.jpg,Brick_019_NRM.jpg,Wood_Floor_normal.jpg
        roughness=Brick_019_ROUGH.jpg
        occlusion=Brick_019_OCC.jpg,Wood_Floor_ambientOcclusion.jpg
        displacement=Brick_019_DISP.png,Wood_Floor_height.png
        other=Brick_019_SPEC.jpg,Material_1991.jpg""",
    "FreePBR, texturecan, ShareTextures, CGBookcase, CryEngine, Xonotic": """
        color=rusted-steel_albedo.png,wood_0066_color_4k.jpg,wood_14_basecolor-1K.png,Concrete01_MR_2K_BaseColor.png
        color=cliff_diff.dds
        normal=rusted_normal-ogl.png,worn-planks_normal-dx.png,wood_0066_normal_opengl_4k.png,cliff_ddna.tif,wall_norm.tga
        normal=wood_0066_normal_directx_4k.png,cliff_normal_BC5.dds
        roughness=rusted-steel_roughness.png,wood_14_roughness-1K.png
        metallic=rusted-steel_metallic.png
        displacement=cliff_displ.tif,rusted-steel_height.png
        emissive=wall_glow.tga""",
    "people": """
        color=rock.color.png,ROCK COLOR.JPG,rockAlbedo.png,rock_albedo_2048.png
        color=rock-albedo-2048x2048.jpg,rock_diffuse_2048px.tif,rock_color_map.png
        color=albedo.png,rock_color (2).png,rock_Color - Copy.png,rock_color@2x.png
        color=Rock_Color_v3.png,rock_colour.png
        color=rock_color_u1_v1.png,rock_color.<UDIM>.exr,rock_color_u01v02.png,RockBaseColor4K.png
        normal=Material_normals.png,wood_normal_16bit.png,wood_normal(1).png,wood_normal[2].png,rock_normal_map.png
        normal=rockNormal.png,RockNormalGL.png,rock_nrm_01.png,normal_1.png,Normal4K.png,rock.normal.1001.tif
        roughness=rockRoughness.png,rock roughness 1k.png,roughness_1024.png
        displacement=rock_heightmap.png,rock_bump_map.png
        occlusion=rock_AOMap.png,ao.png
        orm=rock_orm_2k.png,RockORM.png
        other=d.png,n.png,e.png,PlanN.png,photo.png,1K.png,leaves_depth.png,brick_dirt_mask.jpg,rock_map.png,tex.png
        other=2048x2048.png,_.png,Preview.jpg,n_1k.png""",
}
NAMES = [
    (pack, kind, name)
    for pack, lines in PACKS.items()
    for line in lines.split("\n")[1:]
    for kind, names in [line.strip().split("=")]
    for name in names.split(",")
]


@pytest.mark.parametrize(("pack", "kind", "name"), NAMES)
def test_names_of_packs(pack: str, kind: str, name: str) -> None:
    assert kind in KINDS and kind_of(name)[0] == kind
    assert kind_of(name.upper())[0] in (kind, "other")  # capitals alone make no other kind


@pytest.mark.parametrize(
    ("file", "ending"),
    [
        ("Tiles036_1K_Color.jpg", "Color"),
        ("brick_nor_gl_1k.png", "nor_gl"),
        ("Rock_Normal_OpenGL.1001.png", "Normal_OpenGL"),
        ("wood_0066_normal_opengl_4k.png", "normal_opengl"),
        ("Rock_Ambient Occlusion.png", "Ambient_Occlusion"),
        ("Bricks001_NRM16_3K.tif", "NRM16"),
        ("Bricks001_COL_VAR1_3K.jpg", "COL"),
        ("RockNormalGL.png", "NormalGL"),
        ("RockBaseColor4K.png", "BaseColor"),
        ("rock_normal_map.png", "normal_map"),
        ("wood_normal(1).png", "normal"),
        ("T_Rock_N.tga", "N"),
        ("T_dirt_mask.png", "mask"),
        ("Metal007_1K_Roughness.jpg", "Roughness"),
    ],
)
def test_endings_are_kept_as_spelled(file: str, ending: str) -> None:
    assert kind_of(file)[1] == ending


@pytest.mark.parametrize(
    ("files", "names"),
    [
        (["a_NRM_3K.jpg", "a_NRM16_3K.tif"], ["NRM", "NRM16"]),
        (["a_COL_VAR1.jpg", "a_COL_VAR2.jpg"], ["a_COL_VAR1", "a_COL_VAR2"]),
        (["a_Color.1001.png", "a_Color.1002.png"], ["a_Color.1001", "a_Color.1002"]),
        (["caf\u00e9.png", "cafe\u0301.jpg"], ["caf\u00e9.png", "cafe\u0301.jpg"]),
        (["stein_\u0939\u093f.png", "stein_\u0939.png"], ["\u0939\u093f", "\u0939"]),
    ],
)
def test_names_stay_different(files: list[str], names: list[str]) -> None:
    assert map_names(files) == names
